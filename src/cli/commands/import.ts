import { Command } from "@cliffy/command";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { wrapText } from "../wrap.ts";

interface Options extends GlobalOptions {
  readonly format?: string;
  readonly name?: string;
}

async function run(options: Options, file: string): Promise<void> {
  const out = openOutput(options);
  const { importTrace } = await import("../../ingest/import_trace.ts");
  const { FORMATS } = await import("../../registry/formats.ts");
  // The whole input is read and checked before the store is touched: nothing is half-stored.
  const trace = await importTrace(file, FORMATS, { format: options.format });
  const { withStore } = await import("../open_store.ts");
  const entry = await withStore(out, "create", async (store) => {
    const twins = trace.sha256 === null ? [] : (await store.query(
      `SELECT id, name FROM v_trace WHERE sha256 = '${trace.sha256}'`,
    )).rows;
    if (twins.length > 0) {
      await out.note(`note: the store holds the same bytes as ${twins[0][0]} (${twins[0][1]})`);
    }
    return await store.find(await store.saveTrace(trace, options.name ?? trace.name));
  });
  const store = out.setting("store").value!;
  const { id, name } = entry;
  const { kind, format, rows, sha256, notes } = trace;
  await out.emit(
    { schema: "spillway/import/1", id, name, store, kind, format, rows, sha256, notes },
    () =>
      [
        `${out.style.bold(id)} ${safeText(name)}: ${
          rows.toLocaleString("en-US")
        } rows of ${kind}, ` +
        `read as ${format}`,
        ...notes.flatMap((note) =>
          wrapText(safeText(note), out.width - 4).map((line, i) =>
            (i === 0 ? "  - " : "    ") + line
          )
        ),
        `  next: spillway show ${id}`,
        "",
      ].join("\n"),
  );
}

export const command: CommandModule = {
  name: "import",
  summary: "store a trace; its format is recognised by content",
  output: async () => (await import("../schemas/store_schema.ts")).importOutputSchema,
  build: () =>
    new Command()
      .description(
        "Reads a trace (also gzip, also from stdin as -), recognises its format by content, checks every " +
          "row and stores it. Prints what was recognised and what was dropped. A wrong row is named " +
          "with file, line and column, and then nothing is stored.",
      )
      .arguments("<file:file>")
      .option("--format <name:string>", "Name the format instead of recognising it.")
      .option("--name <name:string>", "Name in the store (the file's base name).")
      .example("A public trace", "spillway import conversation_trace.jsonl")
      .example("From a pipe", "zcat trace.jsonl.gz | spillway import - --name chat")
      .example("A CSV of your own", "spillway import requests.csv --format requests-csv")
      .action((options: Options, file: string) => run(options, file)),
};
