import { Command, EnumType } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import type { ScoreDocument } from "../../model/prediction.ts";
import type { RunRecord } from "../../model/results.ts";
import { formatBytes } from "../../model/units.ts";
import { CHARTS } from "../../registry/charts.ts";
import { browserCode } from "../../runtime/browser_code.ts";
import { selfCommand } from "../../runtime/self.ts";
import { VERSION } from "../../runtime/version.ts";
import { writeText } from "../../runtime/terminal.ts";
import type { ReportInput, ReportItem } from "../../report/input.ts";
import type { Store } from "../../store/store.ts";
import { BETWEEN_HELP, WINDOW_HELP, type WindowOptions } from "../window_options.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { gateSchema } from "../schemas/gate_schema.ts";
import { safeText } from "../sanitize.ts";
import { shellQuote } from "../shell_quote.ts";

type ReportFormat = "html" | "markdown" | "json" | "csv" | "text";

interface Options extends GlobalOptions, WindowOptions {
  readonly output?: string;
  readonly format: ReportFormat;
  readonly diff?: boolean;
  readonly title?: string;
  readonly stamp?: boolean;
}

const output = z.strictObject({
  schema: z.literal("spillway/report/1"),
  file: z.string().describe("- is standard output"),
  bytes: z.number(),
  items: z.array(z.strictObject({ id: z.string(), kind: z.string(), name: z.string() })),
});

/** A recording of this program itself shows `spillway`, not where the runtime and the files lie. */
function withShortCommand(record: RunRecord): RunRecord {
  const self = selfCommand();
  if (!self.every((word, i) => record.command[i] === word)) return record;
  return { ...record, command: ["spillway", ...record.command.slice(self.length)] };
}

async function loadItem(
  store: Store,
  given: string,
  options: WindowOptions,
): Promise<ReportItem> {
  const entry = await store.find(given);
  switch (entry.kind) {
    case "run": {
      const { runInWindow } = await import("../window.ts");
      const { id, record, lines } = await runInWindow(store, entry.id, options);
      return {
        kind: "run",
        id,
        record: withShortCommand(record),
        lines: lines ?? await store.samples(id),
      };
    }
    case "replay":
      return {
        kind: "replay",
        id: entry.id,
        document: (await store.document("replay", entry.id)).document,
      };
    case "estimate":
      return {
        kind: "estimate",
        id: entry.id,
        document: (await store.document("estimate", entry.id)).document,
      };
    case "advice":
      return {
        kind: "advice",
        id: entry.id,
        document: (await store.document("advice", entry.id)).document,
      };
    case "gate": {
      const { document, name } = await store.document("gate", entry.id);
      return { kind: "gate", id: entry.id, name, document: gateSchema.parse(document) };
    }
    case "prediction": {
      const { document, name } = await store.document("prediction", entry.id);
      const { scoreSchema } = await import("../bench/score_document.ts");
      const parsed = scoreSchema.safeParse(document);
      if (parsed.success) {
        return { kind: "score", id: entry.id, name, document: parsed.data as ScoreDocument };
      }
      throw usageError(
        `report: ${entry.id} is a prediction without a score`,
        'judge it with "spillway score … --save NAME" and report that',
      );
    }
    default:
      throw usageError(
        `report: ${entry.id} is a ${entry.kind}; a report shows runs, replays, estimates, advice, gates ` +
          "and scores",
      );
  }
}

/** The report as the text of a format. */
async function render(input: ReportInput, format: ReportFormat, out: Output): Promise<string> {
  switch (format) {
    case "html": {
      const charts = new Map(
        await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
      );
      return await (await import("../../report/page.ts")).buildPage(input, charts);
    }
    case "markdown":
      return (await import("../../report/writers/markdown.ts")).toMarkdown(input);
    default:
      return (await import("../report_tables.ts")).renderTables(input, format, out);
  }
}

async function run(options: Options, given: readonly string[]): Promise<void> {
  if (options.diff && given.length !== 2) {
    throw usageError(`--diff: ${given.length} ids are given`, "a difference needs exactly two");
  }
  if (options.json && options.output === undefined && options.format !== "html") {
    throw usageError(
      `--json says what was written, but --format ${options.format} writes to standard output`,
      "give -o FILE, or --format json without --json",
    );
  }
  const out = openOutput(options);
  const { openStore } = await import("../../store/open.ts");
  const store = await openStore(out.setting("store").value!, { mode: "read" });
  const items: ReportItem[] = [];
  try {
    for (const id of given) items.push(await loadItem(store, id, options));
  } finally {
    await store.close();
  }
  const ids = items.map((i) => i.id);
  const file = options.output ?? (options.format === "html" ? "report.html" : "-");
  const flags = `${options.diff ? "--diff " : ""}${
    options.format === "html" ? "" : `--format ${options.format} `
  }`;
  const text = await render(
    {
      title: options.title ?? `Spillway report: ${given.join(", ")}`,
      items,
      diff: options.diff ?? false,
      commands: [
        `spillway report ${flags}${ids.join(" ")} -o ${shellQuote(file)}`,
        ...ids.map((id) => `spillway show ${id}`),
        'spillway query "SELECT * FROM v_metric"',
      ],
      version: VERSION,
      stamp: options.stamp ? new Date().toISOString() : null,
      browser: options.format === "html" ? browserCode() : null,
    },
    options.format,
    out,
  );
  if (file === "-") return await writeText("stdout", text);
  const { writeFileAtomically } = await import("../../runtime/write_file.ts");
  writeFileAtomically(file, text);
  const bytes = new TextEncoder().encode(text).length;
  const document = {
    schema: "spillway/report/1",
    file,
    bytes,
    items: items.map((i) => ({ id: i.id, kind: i.kind, name: nameOf(i) })),
  };
  await out.emit(
    document,
    () => `wrote ${safeText(file)}: ${formatBytes(bytes)}, one file, no network request\n`,
  );
}

function nameOf(item: ReportItem): string {
  if (item.kind === "run") return item.record.name;
  if (item.kind === "gate" || item.kind === "score") return item.name;
  if (item.kind === "advice") return item.document.title;
  return item.kind === "replay" ? item.document.trace.name : item.document.subject.name;
}

export const command: CommandModule = {
  name: "report",
  summary: "write one self-contained HTML page of runs, replays and estimates",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Writes one HTML file with charts, tables, evidence tags and sources. It makes no network request, " +
          "works without script, in light, dark and print.",
      )
      .arguments("<ids...:string>")
      .type("format", new EnumType(["html", "markdown", "json", "csv", "text"]))
      .option("-o, --output <file:file>", "File to write (report.html; other formats: stdout).")
      .option("--format <format:format>", "What to write.", { default: "html" })
      .option("--window <from..to:string>", WINDOW_HELP)
      .option("--between <marks:string>", BETWEEN_HELP)
      .option("--diff", "Show first how the second of two entries differs from the first.")
      .option("--title <text:string>", "Title of the page.")
      .option("--stamp", "Print the time of writing (the bytes then differ each time).")
      .example("A recording and two replays", "spillway report r1 p1 p2 -o report.html")
      .example("What changed between two", "spillway report --diff r1 r2 -o diff.html")
      .example("Every number as CSV", "spillway report p1 --format csv")
      .action((options: Options, ...ids: string[]) => run(options, ids)),
};
