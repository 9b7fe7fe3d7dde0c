import { usageError } from "../../model/errors.ts";
import { Command } from "@cliffy/command";
import { loadStoreSchema } from "../../registry/deferred.ts";
import type { EstimateDocument, ReplayDocument, RunRecord } from "../../model/results.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import type { Entry, Store } from "../../store/store.ts";
import { BETWEEN_HELP, WINDOW_HELP, type WindowOptions } from "../window_options.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import type { SeriesFacts } from "../show/render.ts";

interface Options extends GlobalOptions, WindowOptions {}

/** The part of the document that an entry's kind has, and its text. */
interface Shown {
  readonly part: Record<string, unknown>;
  readonly text: () => Promise<string>;
}

async function seriesOf(store: Store, id: string, within: string): Promise<SeriesFacts[]> {
  const { columns, rows } = await store.query(
    `SELECT s.source, s.device, s.field, s.unit, s.type, count(x.time_ns) AS samples,
       count(*) FILTER (x.time_ns IS NOT NULL AND x.value IS NULL) AS unknown,
       min(x.value) AS min, avg(x.value) AS mean, max(x.value) AS max
     FROM v_series s LEFT JOIN v_sample x
       ON x.entry_id = s.entry_id AND x.source = s.source AND x.device = s.device AND x.field = s.field ${within}
     WHERE s.entry_id = '${id}' GROUP BY ALL ORDER BY 1, 2, 3`,
  );
  return rows.map((row) =>
    Object.fromEntries(columns.map((c, i) => [c.name, row[i]])) as unknown as SeriesFacts
  );
}

async function showRun(
  store: Store,
  entry: Entry,
  out: Output,
  options: WindowOptions,
): Promise<Shown> {
  const { runInWindow } = await import("../window.ts");
  const { record, window } = await runInWindow(store, entry.id, options);
  const series = await seriesOf(
    store,
    entry.id,
    window === null
      ? ""
      : `AND x.time_ns BETWEEN ${Math.round(window.fromNs)} AND ${Math.round(window.toNs)}`,
  );
  return {
    part: { run: record, series },
    text: async () => {
      const { renderRunSummary } = await import("../record/summary.ts");
      const { renderRunDetail } = await import("../show/render.ts");
      const safe = safeDeep(record) as RunRecord;
      return `${renderRunSummary(safe, entry.id, out.width)}\n${
        renderRunDetail(record, series, out)
      }`;
    },
  };
}

/** A copy in which no text can drive the terminal. */
function safeDeep(value: unknown): unknown {
  if (typeof value === "string") return safeText(value);
  if (Array.isArray(value)) return value.map(safeDeep);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [safeText(k), safeDeep(v)]));
}

async function showTrace(store: Store, entry: Entry, out: Output): Promise<Shown> {
  const { traceFacts } = await import("../show/trace_facts.ts");
  const { kind, format, sha256, rows, notes } = await store.trace(entry.id);
  const { facts, statistics } = await traceFacts(store, entry.id, kind as TraceKind);
  const trace = { kind, format, sha256, rows, notes, facts, statistics };
  return {
    part: { trace },
    text: async () => {
      const { renderTrace } = await import("../show/render.ts");
      return `${out.style.bold(entry.id)} ${safeText(entry.name)}\n${renderTrace(trace, out)}`;
    },
  };
}

/** Metrics beside the one that ranks; --json and `query` have all. */
const MOST_COLUMNS = 6;

async function showReplay(store: Store, entry: Entry, out: Output): Promise<Shown> {
  const { document } = await store.document("replay", entry.id);
  return {
    part: { replay: document },
    text: async () => {
      const { renderReplay } = await import("../replay_render.ts");
      const { ranking, results, family } = document as ReplayDocument;
      const others = Object.keys(results[0]?.metrics ?? {}).filter((id) => id !== ranking.by);
      const body = renderReplay(document, {
        name: family as never,
        rankBy: ranking.by,
        better: ranking.better,
        columns: [ranking.by, ...others.slice(0, MOST_COLUMNS)],
        recommend: () => ranking.recommendation,
      }, out);
      return `${out.style.bold(entry.id)} ${safeText(entry.name)}: replay ${family}\n${body}`;
    },
  };
}

async function showEstimate(store: Store, entry: Entry, out: Output): Promise<Shown> {
  const { document } = await store.document("estimate", entry.id);
  return {
    part: { estimate: document },
    text: async () => {
      const { renderEstimate } = await import("../estimate/render.ts");
      return renderEstimate(document as EstimateDocument, out);
    },
  };
}

async function showAdvice(store: Store, entry: Entry, out: Output): Promise<Shown> {
  const { document } = await store.document("advice", entry.id);
  return {
    part: { document },
    text: async () => {
      const { renderStoredAdvice } = await import("../advise/stored_render.ts");
      return `${out.style.bold(entry.id)} ${safeText(entry.name)}: ` +
        renderStoredAdvice(document, out);
    },
  };
}

async function showOther(store: Store, entry: Entry, out: Output): Promise<Shown> {
  const kind = entry.kind as "gate" | "baseline" | "prediction";
  const { document } = await store.document(kind, entry.id);
  return {
    part: { document },
    text: async () => {
      const { renderDocument } = await import("../show/documents.ts");
      const body = renderDocument(safeDeep(document) as typeof document, entry.summary, out);
      return `${out.style.bold(entry.id)} ${safeText(entry.name)}\n${body}`;
    },
  };
}

const SHOW: Readonly<
  Record<
    Entry["kind"],
    (store: Store, entry: Entry, out: Output, options: WindowOptions) => Promise<Shown>
  >
> = {
  run: showRun,
  trace: showTrace,
  replay: showReplay,
  estimate: showEstimate,
  advice: showAdvice,
  gate: showOther,
  baseline: showOther,
  prediction: showOther,
};

async function run(options: Options, idOrName: string): Promise<void> {
  const out = openOutput(options);
  const { withStore } = await import("../open_store.ts");
  const { entry, part, text } = await withStore(out, "read", async (store) => {
    const entry = await store.find(idOrName);
    if (entry.kind !== "run" && (options.window ?? options.between) !== undefined) {
      throw usageError(`--window and --between take parts of runs; ${entry.id} is a ${entry.kind}`);
    }
    return { entry, ...await SHOW[entry.kind](store, entry, out, options) };
  });
  const printed = out.json ? "" : await text();
  await out.emit({ schema: "spillway/show/1", entry, ...part }, () => printed);
}

export const command: CommandModule = {
  name: "show",
  summary: "show one run, trace, replay, estimate, advice, gate, baseline or prediction",
  output: async () => (await loadStoreSchema()).showOutputSchema,
  build: () =>
    new Command()
      .description(
        "Shows what the store holds under an id or a name: of a run its sources, ledger, gauges and " +
          "lateness, of a trace its statistics, of a replay the ranking, of an estimate the intervals. " +
          "A name that several have means the newest.",
      )
      .arguments("<id:string>")
      .option("--window <from..to:string>", WINDOW_HELP)
      .option("--between <marks:string>", BETWEEN_HELP)
      .example("A recording", "spillway show r1")
      .example("Its steady part", "spillway show r1 --between warm,done")
      .example("A trace, for a script", "spillway show t1 --json")
      .action((options: Options, id: string) => run(options, id)),
};
