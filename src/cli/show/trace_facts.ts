import type { Json } from "../../model/json.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import type { Store } from "../../store/store.ts";

/** One column of a trace, summarised. Values are in `unit`. */
export interface Statistic {
  readonly name: string;
  readonly unit: string;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number | null;
  readonly p50: number | null;
  readonly mean: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export type Facts = Record<string, number | string | null>;

/** What is summarised of each kind: the view, columns with their units, and single facts. */
interface Plan {
  readonly view: string;
  /** name -> [SQL expression over the view's rows, unit]. */
  readonly columns: Readonly<Record<string, readonly [string, string]>>;
  /** name -> aggregate over the view's rows. */
  readonly facts: Readonly<Record<string, string>>;
}

const GAP = "arrival_ns - lag(arrival_ns) OVER (ORDER BY row)";

const PLANS: Readonly<Record<TraceKind, Plan>> = {
  requests: {
    view: "v_request",
    columns: {
      "input tokens": ["input_tokens", "tokens"],
      "output tokens": ["output_tokens", "tokens"],
      "blocks a request": ["blocks", "blocks"],
      "time between arrivals": [`CASE WHEN session IS NULL THEN (${GAP}) / 1e9 END`, "seconds"],
      "think time": ["think_ns / 1e9", "seconds"],
    },
    facts: {
      spanSeconds: "(max(arrival_ns) - min(arrival_ns)) / 1e9",
      sessions: "nullif(count(DISTINCT session), 0)",
    },
  },
  allocations: {
    view: "v_allocation",
    columns: {
      "allocated bytes": ["CASE WHEN op = 'alloc' THEN size END", "bytes"],
      "segment bytes": ["CASE WHEN op = 'segment_alloc' THEN size END", "bytes"],
    },
    facts: {
      allocations: "count(*) FILTER (op = 'alloc')",
      frees: "count(*) FILTER (op = 'free')",
      outOfMemory: "count(*) FILTER (op = 'oom')",
      devices: "count(DISTINCT device)",
      streams: "count(DISTINCT stream)",
      spanSeconds: "(max(time_ns) - min(time_ns)) / 1e9",
    },
  },
  faults: {
    view: "v_fault",
    columns: {
      "time between failures": [
        "start_seconds - lag(start_seconds) OVER (ORDER BY row)",
        "seconds",
      ],
      "time down": ["down_seconds", "seconds"],
    },
    facts: {
      spanSeconds: "max(start_seconds) - min(start_seconds)",
      nodes: "nullif(count(DISTINCT node), 0)",
      kinds: "string_agg(DISTINCT kind, ', ' ORDER BY kind)",
    },
  },
  io: {
    view: "v_io",
    columns: {
      "read bytes": ["CASE WHEN op = 'read' THEN length_bytes END", "bytes"],
      "written bytes": ["CASE WHEN op = 'write' THEN length_bytes END", "bytes"],
    },
    facts: {
      spanSeconds: "(max(time_ns) - min(time_ns)) / 1e9",
      files: "nullif(count(DISTINCT file), 0)",
    },
  },
  tensors: {
    view: "v_tensor",
    columns: {
      "tensor bytes": ["size_bytes", "bytes"],
      "lifetime": ["(end_ns - start_ns) / 1e9", "seconds"],
    },
    facts: { categories: "string_agg(DISTINCT category, ', ' ORDER BY category)" },
  },
  samples: {
    view: "v_sample",
    columns: {},
    facts: {
      spanSeconds: "(max(time_ns) - min(time_ns)) / 1e9",
      unknown: "count(*) FILTER (value IS NULL)",
    },
  },
};

function asNumber(value: Json): number | null {
  if (value === null) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Summary statistics of a stored trace. `id` comes from the store, so it is safe inside SQL. */
export async function traceFacts(
  store: Store,
  id: string,
  kind: TraceKind,
): Promise<{ facts: Facts; statistics: Statistic[] }> {
  const plan = PLANS[kind];
  const key = kind === "samples" ? "entry_id" : "trace_id";
  const where = `FROM ${plan.view} WHERE ${key} = '${id}'`;
  const names = Object.keys(plan.facts);
  const single = await store.query(
    `SELECT ${names.map((name) => `${plan.facts[name]} AS "${name}"`).join(", ")} ${where}`,
  );
  const facts: Facts = {};
  names.forEach((name, i) => facts[name] = single.rows[0][i] as number | string | null);
  const columns = Object.entries(plan.columns);
  if (columns.length === 0) return { facts, statistics: [] };
  const inner = columns.map(([, [sql]], i) => `(${sql})::DOUBLE AS c${i}`).join(", ");
  const outer = columns.map((_, i) =>
    `count(c${i}), sum(c${i}), min(c${i}), quantile_disc(c${i}, 0.5), avg(c${i}), ` +
    `quantile_disc(c${i}, 0.99), max(c${i})`
  ).join(", ");
  const row = (await store.query(`SELECT ${outer} FROM (SELECT ${inner} ${where})`)).rows[0];
  const statistics = columns.map(([name, [, unit]], i): Statistic => {
    const [count, sum, min, p50, mean, p99, max] = row.slice(7 * i, 7 * i + 7).map(asNumber);
    return { name, unit, count: count ?? 0, sum, min, p50, mean, p99, max };
  }).filter((s) => s.count > 0);
  return { facts, statistics };
}
