import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import type { RunRecord } from "../../model/results.ts";
import { formatBytes } from "../../model/units.ts";
import { CHARTS } from "../../registry/charts.ts";
import { selfCommand } from "../../runtime/self.ts";
import { VERSION } from "../../runtime/version.ts";
import type { ReportItem } from "../../report/input.ts";
import type { Store } from "../../store/store.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { safeText } from "../sanitize.ts";

interface Options extends GlobalOptions {
  readonly output: string;
  readonly title?: string;
  readonly stamp?: boolean;
}

const output = z.strictObject({
  schema: z.literal("spillway/report/1"),
  file: z.string(),
  bytes: z.number(),
  items: z.array(z.strictObject({ id: z.string(), kind: z.string(), name: z.string() })),
});

/** A recording of this program itself shows `spillway`, not where the runtime and the files lie. */
function withShortCommand(record: RunRecord): RunRecord {
  const self = selfCommand();
  if (!self.every((word, i) => record.command[i] === word)) return record;
  return { ...record, command: ["spillway", ...record.command.slice(self.length)] };
}

async function loadItem(store: Store, given: string): Promise<ReportItem> {
  const entry = await store.find(given);
  switch (entry.kind) {
    case "run": {
      const { id, record } = await store.run(entry.id);
      return { kind: "run", id, record: withShortCommand(record), lines: await store.samples(id) };
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
    default:
      throw usageError(
        `report: ${entry.id} is a ${entry.kind}; a report shows runs, replays and estimates`,
      );
  }
}

async function run(options: Options, given: readonly string[]): Promise<void> {
  const out = openOutput(options);
  const { openStore } = await import("../../store/open.ts");
  const store = await openStore(out.setting("store").value!, { mode: "read" });
  const items: ReportItem[] = [];
  try {
    for (const id of given) items.push(await loadItem(store, id));
  } finally {
    await store.close();
  }
  const charts = new Map(
    await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
  );
  const ids = items.map((i) => i.id);
  const { buildPage } = await import("../../report/page.ts");
  const page = await buildPage({
    title: options.title ?? `Spillway report: ${given.join(", ")}`,
    items,
    commands: [
      `spillway report ${ids.join(" ")} -o ${options.output}`,
      ...ids.map((id) => `spillway show ${id}`),
      'spillway query "SELECT * FROM v_metric"',
    ],
    version: VERSION,
    stamp: options.stamp ? new Date().toISOString() : null,
  }, charts);
  const { writeFileAtomically } = await import("../../runtime/write_file.ts");
  writeFileAtomically(options.output, page);
  const bytes = new TextEncoder().encode(page).length;
  const document = {
    schema: "spillway/report/1",
    file: options.output,
    bytes,
    items: items.map((i) => ({ id: i.id, kind: i.kind, name: nameOf(i) })),
  };
  await out.emit(
    document,
    () =>
      `wrote ${safeText(options.output)}: ${formatBytes(bytes)}, one file, no network request\n`,
  );
}

function nameOf(item: ReportItem): string {
  if (item.kind === "run") return item.record.name;
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
      .option("-o, --output <file:file>", "File to write.", { default: "report.html" })
      .option("--title <text:string>", "Title of the page.")
      .option("--stamp", "Print the time of writing (the bytes then differ each time).")
      .example("A recording and two replays", "spillway report r1 p1 p2 -o report.html")
      .action((options: Options, ...ids: string[]) => run(options, ids)),
};
