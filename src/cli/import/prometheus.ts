import { addPromSeries } from "../../ingest/prom_series.ts";
import { SampleBuilder } from "../../ingest/sample_trace.ts";
import { dataError, environmentError, messageOf, usageError } from "../../model/errors.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { parseNanoseconds } from "../../model/units.ts";
import { unixSeconds } from "../../parse/grid/timestamp.ts";
import { parsePromQueryJson, type PromSeries } from "../../parse/prometheus/query_json.ts";
import { fetchText } from "../../runtime/http.ts";

export interface PrometheusOptions {
  readonly from?: string;
  readonly to?: string;
  readonly step?: string;
  readonly query?: readonly string[];
}

/** What a fleet's Prometheus holds of GPUs, engines and disks, when no query is given. */
const DEFAULT_QUERIES: readonly string[] = [
  '{__name__=~"DCGM_FI_(DEV|PROF)_.*"}',
  '{__name__=~"(vllm|sglang|lmcache):.*",__name__!~".*_bucket"}',
  '{__name__=~"node_disk_(read_bytes|written_bytes|reads_completed|writes_completed)_total|' +
  'node_disk_io_time_seconds_total|node_rapl_(package|dram)_joules_total|node_pressure_.*"}',
];

/** Prometheus refuses more than 11,000 points a series in one answer. */
const MOST_POINTS = 10_000;
const LIMIT = { timeoutMs: 60_000, maxBytes: 1 << 30 } as const;

/** `now`, `-2h` (before now), seconds since 1970, or an ISO time (UTC without a zone). */
export function timeOf(text: string, flag: string, nowSeconds: number): number {
  if (text === "now") return nowSeconds;
  if (/^-\d/.test(text)) return nowSeconds - parseNanoseconds(text.slice(1), flag) / 1e9;
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Number(text);
  const seconds = unixSeconds(text);
  if (seconds === null) {
    throw usageError(
      `${flag}: "${text}" is no time`,
      "write 2026-11-20T08:00:00Z, seconds since 1970, -2h (two hours ago) or now",
    );
  }
  return seconds;
}

/** Windows of at most {@link MOST_POINTS} steps; neighbours share no point. */
function* windows(from: number, to: number, step: number): Generator<[number, number]> {
  for (let start = from; start <= to; start += MOST_POINTS * step) {
    yield [start, Math.min(to, start + (MOST_POINTS - 1) * step)];
  }
}

/** Appends points to the series of the same name and labels. */
function merge(
  into: Map<string, { series: PromSeries; points: PromSeries["points"][number][] }>,
  found: readonly PromSeries[],
) {
  for (const series of found) {
    const key = JSON.stringify([series.name, Object.entries(series.labels).sort()]);
    const known = into.get(key);
    if (known === undefined) into.set(key, { series, points: [...series.points] });
    else known.points.push(...series.points);
  }
}

/**
 * Fetches a piece of a Prometheus server's history (`/api/v1/query_range`) as a trace of samples.
 *
 * @throws environment error when the server does not answer, data error when it refuses or holds nothing.
 */
export async function fetchPrometheus(
  base: string,
  options: PrometheusOptions,
): Promise<{ trace: Trace<"samples">; name: string }> {
  if (!/^https?:\/\//.test(base)) {
    throw usageError(`import prometheus: "${base}" is no URL`, "write http://HOST:9090");
  }
  if (options.from === undefined) {
    throw usageError("import prometheus: --from is missing", "--from -2h takes the last two hours");
  }
  const now = Date.now() / 1000;
  const from = timeOf(options.from, "--from", now);
  const to = timeOf(options.to ?? "now", "--to", now);
  if (to <= from) throw usageError("import prometheus: --to is not after --from");
  const step = options.step === undefined
    ? Math.max(1, Math.ceil((to - from) / MOST_POINTS))
    : parseNanoseconds(options.step, "--step") / 1e9;
  if (step <= 0) throw usageError("--step: must be above 0");
  const series = new Map<string, { series: PromSeries; points: PromSeries["points"][number][] }>();
  for (const query of options.query ?? DEFAULT_QUERIES) {
    for (const [start, end] of windows(from, to, step)) {
      const url = new URL(`${base.replace(/\/+$/, "")}/api/v1/query_range`);
      url.search = new URLSearchParams({
        query,
        start: String(start),
        end: String(end),
        step: String(step),
      }).toString();
      let text: string;
      try {
        text = await fetchText(url.href, LIMIT);
      } catch (error) {
        const said = messageOf(error);
        if (/answers [45]\d\d/.test(said)) throw dataError(`${base}: ${said}`, "check --query");
        throw environmentError(`${base}: ${said}`, "is it the address of a Prometheus server?");
      }
      merge(series, parsePromQueryJson(text, base));
    }
  }
  const all = [...series.values()].map(({ series: one, points }) => ({ ...one, points }));
  const builder = new SampleBuilder();
  const notes = addPromSeries(builder, all, base);
  if (builder.count === 0) {
    throw dataError(
      `${base} holds nothing from ${new Date(from * 1000).toISOString()} to ` +
        new Date(to * 1000).toISOString(),
      "name what you want with --query",
    );
  }
  const columns = builder.columns();
  return {
    name: `prometheus-${new Date(from * 1000).toISOString().slice(0, 16).replace(/[-:]/g, "")}`,
    trace: {
      kind: "samples",
      name: base,
      format: "prometheus-json",
      sha256: null,
      rows: columns.count,
      meta: { series: builder.series, reasons: builder.reasons },
      notes: [
        ...notes,
        `from ${new Date(from * 1000).toISOString()}, ${
          (to - from).toFixed(0)
        } s, a point every ${step} s`,
      ],
      async *batches() {
        yield await Promise.resolve(columns);
      },
    },
  };
}
