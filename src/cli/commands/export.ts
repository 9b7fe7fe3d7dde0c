import { Command, EnumType } from "@cliffy/command";
import { environmentError, messageOf, SpillwayError, usageError } from "../../model/errors.ts";
import { formatDecimalBytes } from "../../model/units.ts";
import type { Entry, Store } from "../../store/store.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import type { RunWindow } from "../window.ts";
import { BETWEEN_HELP, WINDOW_HELP, type WindowOptions } from "../window_options.ts";
import { safeText } from "../sanitize.ts";

const FORMATS = ["parquet", "csv", "json", "openmetrics", "perfetto"] as const;
type Format = typeof FORMATS[number];

interface Options extends GlobalOptions, WindowOptions {
  readonly format: Format;
  readonly output?: string;
}

/** The text of an export in pieces. */
async function pieces(
  format: Exclude<Format, "parquet">,
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): Promise<AsyncGenerator<string>> {
  switch (format) {
    case "csv":
      return (await import("../export/tables.ts")).csvExport(store, entry, window);
    case "json":
      return (await import("../export/tables.ts")).jsonExport(store, entry, window);
    case "openmetrics":
      return (await import("../export/openmetrics.ts")).openMetricsExport(store, entry, window);
    case "perfetto":
      return (await import("../export/perfetto.ts")).perfettoExport(store, entry, window);
  }
}

/** Text for a terminal: what a trace calls itself must not drive it. */
function forTerminal(text: string): string {
  return text.split("\n").map(safeText).join("\n");
}

async function writeParquet(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
  file: string,
): Promise<void> {
  const { rowsSql } = await import("../export/rows.ts");
  const sql = await rowsSql(store, entry, "parquet", window);
  const { partFile } = await import("../../runtime/part_file.ts");
  const part = partFile(file);
  try {
    await store.exportParquet(sql, part.path);
    part.keep();
  } catch (error) {
    part.drop();
    throw error;
  }
}

/** The part of the run that is asked for. @throws usage error for what has no time of a recording. */
async function partOf(options: Options, store: Store, entry: Entry): Promise<RunWindow | null> {
  if (options.window === undefined && options.between === undefined) return null;
  if (entry.kind !== "run") {
    const option = options.window === undefined ? "--between" : "--window";
    throw usageError(
      `export: ${option} takes a part of a run, but ${entry.id} is a ${entry.kind}`,
      `leave ${option} out, or name a run`,
    );
  }
  const { windowOf } = await import("../window.ts");
  return windowOf(options, (await store.run(entry.id)).record);
}

async function run(options: Options, idOrName: string): Promise<void> {
  const out = openOutput(options);
  const { format, output } = options;
  if (out.json && output === undefined) {
    throw usageError(
      "export: --json and the export itself would both go to stdout",
      "add --output FILE, or use --format json without --json",
    );
  }
  if (format === "parquet" && output === undefined) {
    throw usageError("export: Parquet is binary and needs a file", "add --output FILE.parquet");
  }
  const { withStore } = await import("../open_store.ts");
  const { isTerminal, tryWrite } = await import("../../runtime/terminal.ts");
  await withStore(out, "read", async (store) => {
    const entry = await store.find(idOrName);
    const window = await partOf(options, store, entry);
    if (output === undefined) {
      const terminal = isTerminal("stdout");
      for await (const text of await pieces(format as "csv", store, entry, window)) {
        if (!await tryWrite("stdout", terminal ? forTerminal(text) : text)) return;
      }
      return;
    }
    try {
      if (format === "parquet") await writeParquet(store, entry, window, output);
      else {
        const { writeFileFrom } = await import("../../runtime/write_stream.ts");
        await writeFileFrom(output, await pieces(format, store, entry, window));
      }
    } catch (error) {
      if (error instanceof SpillwayError) throw error;
      throw environmentError(
        `export: ${output} could not be written: ${messageOf(error).split("\n")[0]}`,
        "choose a folder that exists and can be written",
        { cause: error },
      );
    }
    const { statSync } = await import("node:fs");
    const { id, name } = entry;
    const bytes = statSync(output).size;
    if (out.json) {
      const schema = "spillway/exported/1";
      await out.emit({ schema, id, name, format, file: output, bytes }, () => "");
    } else {
      await out.note(
        `wrote ${id} (${safeText(name)}) as ${format} to ${output}, ${formatDecimalBytes(bytes)}`,
      );
    }
  });
}

export const command: CommandModule = {
  name: "export",
  output: async () => (await import("../schemas/store_schema.ts")).exportOutputSchema,
  summary: "write what the store holds as Parquet, CSV, JSON, OpenMetrics or a Perfetto trace",
  build: () =>
    new Command()
      .description(
        "Writes the readings of a run, the rows of a trace or the metrics of a replay or an estimate to " +
          "stdout or a file. CSV cells that a spreadsheet would run as formulas get an apostrophe. " +
          "OpenMetrics keeps the times of a run, so that a Prometheus can be backfilled. perfetto is " +
          "JSON for ui.perfetto.dev. Times of a part of a run count from where the part begins.",
      )
      .arguments("<id:string>")
      .type("format", new EnumType([...FORMATS]))
      .option("--format <format:format>", "What to write.", { required: true })
      .option("-o, --output <file:file>", "Write to this file instead of stdout.")
      .option("--window <from..to:string>", WINDOW_HELP)
      .option("--between <marks:string>", BETWEEN_HELP)
      .example("A run for pandas", "spillway export r1 --format parquet -o run.parquet")
      .example("Look at a run in Perfetto", "spillway export r1 --format perfetto -o run.json")
      .example("Metrics of a replay in a spreadsheet", "spillway export p1 --format csv > p1.csv")
      .action((options: Options, id: string) => run(options, id)),
};
