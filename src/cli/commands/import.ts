import { Command, EnumType } from "@cliffy/command";
import { usageError } from "../../model/errors.ts";
import type { Trace, TraceStream, TraceSummary } from "../../model/trace/trace.ts";
import type { Entry, Store } from "../../store/store.ts";
import { FORMATS } from "../../registry/formats.ts";
import type { PrometheusOptions } from "../import/prometheus.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { wrapText } from "../wrap.ts";

interface Options extends GlobalOptions, PrometheusOptions {
  readonly format?: string;
  readonly name?: string;
}

/** Removes what opening made when nothing came into it. */
async function removeNewStore(path: string): Promise<void> {
  const { rmSync } = await import("node:fs");
  for (const file of [path, `${path}.wal`]) rmSync(file, { force: true });
}

async function twinOf(store: Store, sha256: string | null, id: string): Promise<Entry | null> {
  if (sha256 === null) return null;
  const { rows } = await store.query(
    `SELECT id FROM v_trace WHERE sha256 = '${sha256}' AND id <> '${id}' LIMIT 1`,
  );
  return rows.length === 0 ? null : await store.find(String(rows[0][0]));
}

/** What is to be stored: a file, or a piece of a Prometheus server's history. */
async function openSource(options: Options, file: string, url: string | undefined) {
  if (url !== undefined) {
    if (file !== "prometheus") {
      throw usageError(`import takes one file, found "${file}" and "${url}"`);
    }
    const { fetchPrometheus } = await import("../import/prometheus.ts");
    return { ...await fetchPrometheus(url, options), close: () => Promise.resolve() };
  }
  for (const flag of ["from", "to", "step", "query"] as const) {
    if (options[flag] !== undefined) {
      throw usageError(`--${flag} belongs to "import prometheus URL"`);
    }
  }
  const { openTrace } = await import("../../ingest/import_trace.ts");
  const { canUseWorkers, streamOnWorker } = await import("../import_stream.ts");
  return await openTrace(
    file,
    FORMATS,
    { format: options.format },
    canUseWorkers() ? streamOnWorker : undefined,
  );
}

async function run(options: Options, file: string, url?: string): Promise<void> {
  const out = openOutput(options);
  const { withStore } = await import("../open_store.ts");
  const { storeExists } = await import("../../store/exists.ts");
  const store = out.setting("store").value!;
  const existed = storeExists(store);
  // A small input is read and checked before the store is touched, a large one within one transaction.
  const open = await openSource(options, file, url);
  let entry: Entry;
  let twin: Entry | null;
  try {
    [entry, twin] = await withStore(out, "create", async (store) => {
      const entry = await store.find(
        await store.saveTrace(open.trace, options.name ?? open.name),
      );
      const { sha256 } = summaryOf(open.trace);
      return [entry, await twinOf(store, sha256, entry.id)];
    });
  } catch (error) {
    if (!existed) await removeNewStore(store);
    throw error;
  } finally {
    await open.close();
  }
  const { id, name } = entry;
  const { kind, format } = open.trace;
  const { rows, sha256, notes } = summaryOf(open.trace);
  if (twin !== null) {
    await out.note(`note: the store holds the same bytes as ${twin.id} (${safeText(twin.name)})`);
  }
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

function summaryOf(trace: Trace | TraceStream): TraceSummary {
  return "finish" in trace ? trace.finish() : trace;
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
          "with file, line and column, and then nothing is stored. Times may be equal but not descend " +
          "(in a trace of sessions: within a session). Recorded outputs of nvidia-smi, smartctl, iostat, " +
          'Prometheus and others become traces of samples. "import prometheus URL" fetches history.',
      )
      .arguments("<file:file> [url:string]")
      .type("format", new EnumType(FORMATS.map((format) => format.name)))
      .option("--format <name:format>", "Name the format instead of recognising it.")
      .option("--name <name:string>", "Name in the store (the file's base name).")
      .option("--from <time:string>", "prometheus: begin, as 2026-11-20T08:00Z or -2h.")
      .option("--to <time:string>", "prometheus: end (now).")
      .option(
        "--step <time:string>",
        "prometheus: time between points (1s, or the range / 10,000).",
      )
      .option("--query <promql:string>", "prometheus: what to fetch (GPUs, engines, disks).", {
        collect: true,
      })
      .example("A public trace", "spillway import conversation_trace.jsonl")
      .example("From a pipe", "zcat trace.jsonl.gz | spillway import - --name chat")
      .example("A CSV of your own", "spillway import requests.csv --format requests-csv")
      .example(
        "The last two hours of a fleet",
        "spillway import prometheus http://prometheus:9090 --from -2h",
      )
      .action((options: Options, file: string, url?: string) => run(options, file, url)),
};
