import { counted } from "../../../model/plural.ts";
import { Command, EnumType } from "@cliffy/command";
import { usageError } from "../../../model/errors.ts";
import { formatMetric } from "../../../model/format_metric.ts";
import type { ReplayDocument } from "../../../model/results.ts";
import { EVICTIONS } from "../../../registry/evictions.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../../output.ts";
import { replayOutput } from "../../replay_command.ts";
import { safeText } from "../../sanitize.ts";
import { renderTable } from "../../table.ts";
import { wrapNamed, wrapText } from "../../wrap.ts";

interface Options extends GlobalOptions {
  readonly eviction?: readonly string[];
  readonly capacity?: readonly string[];
  readonly touch?: "head" | "tail";
  readonly curve?: boolean;
  readonly sample?: number;
  readonly seed?: number;
  readonly format?: string;
  readonly save?: string;
}

async function run(options: Options, argument: string): Promise<void> {
  const out = openOutput(options);
  const { checkTouch, loadEvictionsByName, replayCaches } = await import("../../cache_replay.ts");
  const { parseCapacities } = await import("../../cache_capacities.ts");
  const capacities = parseCapacities(options.capacity ?? ["infinite"]);
  const touch = options.touch ?? "head";
  const evictions = await loadEvictionsByName(options.eviction ?? ["lru"]);
  checkTouch(evictions, touch);
  const sample = options.sample ?? null;
  if (sample !== null && (!(sample > 0 && sample <= 1) || options.curve !== true)) {
    throw usageError(
      `--sample ${sample}: expected a share of the blocks above 0 and up to 1, together with --curve`,
    );
  }
  const seed = Number(out.setting("seed", options.seed).value);
  const { loadTrace } = await import("../../load_trace.ts");
  const storePath = out.setting("store").value!;
  const trace = await loadTrace(argument, { storePath, format: options.format, kind: "requests" });
  let document: ReplayDocument;
  try {
    document = await replayCaches(trace, evictions, {
      evictions: evictions.map((eviction) => eviction.name),
      capacities,
      touch,
      curve: options.curve ?? false,
      sample,
      seed,
    });
    if (options.save !== undefined) {
      const { saveReplay } = await import("../../replay_save.ts");
      document = await saveReplay(document, trace, options.save, storePath, out);
    }
  } finally {
    await trace.close();
  }
  await out.emit(document, () => render(document, out));
}

const COLUMNS = [
  ["prefix_hit_blocks", "prefix hits"],
  ["prefix_hit_ratio", "ratio"],
  ["token_hit_ratio", "tokens"],
  ["resident_hit_blocks", "resident hits"],
  ["stream_hit_blocks", "stream hits"],
] as const;

function render(document: ReplayDocument, out: Output): string {
  const { results, trace } = document;
  const first = results[0].metrics;
  const name = safeText(trace.name);
  const head = `${name} (${trace.format}): ` +
    `${counted(trace.rows, "request")}, ${formatMetric(first.total_blocks)} blocks, ` +
    `${formatMetric(first.unique_blocks)} distinct`;
  const table = renderTable(
    [
      { title: "eviction" },
      { title: "capacity", align: "right" },
      ...COLUMNS.map(([, title]) => ({ title, align: "right" as const })),
    ],
    results.map(({ policy, params, metrics }) => [
      policy,
      typeof params.capacity === "number" ? params.capacity.toLocaleString("en-US") : "infinite",
      ...COLUMNS.map(([id]) => metrics[id].value === null ? "-" : formatMetric(metrics[id])),
    ]),
    out.width,
    out.style.bold,
  );
  const curve = results.find((result) => result.series !== undefined);
  const notes = [...new Set(results.flatMap((result) => result.notes ?? []))];
  if (curve !== undefined) {
    notes.push(
      `The curve has ${
        curve.series![0].x.length
      } capacities; --json prints them, --save keeps them.`,
    );
  }
  return [
    ...wrapNamed(head, name, out.width, out.style.bold),
    "",
    table,
    ...wrapText(safeText(document.ranking.recommendation), out.width),
    ...notes.flatMap((note) => ["", ...wrapText(`- ${note}`, out.width)]),
    "",
    ...wrapText(
      "All counts are replayed exactly; a dash is a count that the policy does not define " +
        '("spillway explain prefix_hit_blocks" says what is counted).',
      out.width,
    ).map(out.style.dim),
    "",
  ].join("\n");
}

export const command: CommandModule = {
  name: "replay cache",
  summary: "count the hits of block caches on a request trace, exactly and without a timing model",
  output: replayOutput,
  build: () =>
    new Command()
      .description(
        "Replays the block lists of a request trace on caches of given sizes and counts hits in three " +
          "ways: the leading run of a request (prefix), all its resident blocks, and the flat stream.",
      )
      .arguments("<trace:string>")
      .type("touch", new EnumType(["head", "tail"]))
      .option(
        "-e, --eviction <names:string[]>",
        `Evictions to compare: ${EVICTIONS.map((e) => e.name).join(", ")} (lru).`,
      )
      .option("-c, --capacity <blocks:string[]>", "Capacities in blocks, or infinite (infinite).")
      .option(
        "--touch <order:touch>",
        "head: touch blocks in list order, evict on insertion; tail: in reverse, evict after the request.",
      )
      .option("--curve", "Exact LRU counts at every capacity, in one pass.")
      .option("--sample <share:number>", "Estimate the curve from a share of the blocks (SHARDS).")
      .option("--seed <n:integer>", "Seed of everything random.")
      .option("--format <name:string>", "Format of the trace file, when detection fails.")
      .option("--save <name:string>", "Store the trace and the results under this name.")
      .example(
        "How far is LRU from the optimum at two sizes?",
        "spillway replay cache trace.jsonl --eviction lru,belady --capacity 1000,5859",
      )
      .example(
        "How does the hit count grow with the cache?",
        "spillway replay cache trace.jsonl --curve --json",
      )
      .action((options: Options, argument: string) => run(options, argument)),
};
