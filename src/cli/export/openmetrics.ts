import { usageError } from "../../model/errors.ts";
import { isInWindow, type RunWindow } from "../window.ts";
import type { Entry, Store } from "../../store/store.ts";

const name = (text: string) => text.replace(/[^a-zA-Z0-9_]/g, "_").replace(/^([0-9])/, "_$1");

function labels(pairs: readonly (readonly [string, string])[]): string {
  const escape = (text: string) =>
    text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `{${pairs.map(([key, value]) => `${key}="${escape(value)}"`).join(",")}}`;
}

/** Seconds since 1970 with nine digits, from two integers: a double would lose the nanoseconds. */
function epochSeconds(startNs: bigint, offsetNs: number): string {
  const ns = startNs + BigInt(Math.round(offsetNs));
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, "0")}`;
}

async function* runExport(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<string> {
  const { record } = await store.run(entry.id);
  const start = BigInt(record.startedUnixNs);
  const lines = await store.query(
    `SELECT DISTINCT source, field, type FROM v_series WHERE entry_id = '${entry.id}' ORDER BY 1, 2, 3`,
  );
  const seen = new Set<string>();
  for (const [source, field, type] of lines.rows.map((row) => row.map(String))) {
    const family = `spillway_${name(source)}_${name(field).replace(/_total$/, "")}`;
    // One family has one type; a second type under the same name would not be OpenMetrics.
    if (seen.has(family)) continue;
    seen.add(family);
    yield `# TYPE ${family} ${type}\n# HELP ${family} ${name(field)} read by source ${
      name(source)
    }\n`;
    const sample = type === "counter" ? `${family}_total` : family;
    for (const { series, timeNs, value } of await store.samples(entry.id, { source, field })) {
      const tags = labels([["run", entry.id], ["name", entry.name], ["device", series.device]]);
      let text = "";
      let last = -1;
      for (let i = 0; i < value.length; i++) {
        // A point needs a value, and later points later times.
        if (Number.isNaN(value[i]) || timeNs[i] <= last || !isInWindow(window, timeNs[i])) continue;
        last = timeNs[i];
        text += `${sample}${tags} ${value[i]} ${epochSeconds(start, timeNs[i])}\n`;
      }
      yield text;
    }
  }
}

async function* metricExport(store: Store, entry: Entry): AsyncGenerator<string> {
  const { rows } = await store.query(
    `SELECT metric, result, result_name, evidence, unit, coalesce(value_text, value::VARCHAR), low, high
     FROM v_metric WHERE entry_id = '${entry.id}' ORDER BY metric, result`,
  );
  for (const [suffix, column] of [["", 5], ["_low", 6], ["_high", 7]] as const) {
    let family = "";
    for (const row of rows) {
      const [metric, result, policy, evidence, unit] = row.map(String);
      if (row[column] === null) continue;
      const next = `spillway_${name(metric)}${suffix}`;
      if (next !== family) {
        family = next;
        yield `# TYPE ${family} gauge\n# HELP ${family} ${metric} in ${unit}; "spillway explain ` +
          `${metric}" gives the formula\n`.replaceAll('"', "'");
      }
      yield `${family}${
        labels([
          ["entry", entry.id],
          ["name", entry.name],
          ["result", result],
          ["policy", policy],
          ["evidence", evidence],
        ])
      } ${row[column]}\n`;
    }
  }
}

/**
 * OpenMetrics text (version 1.0): the readings of a run with their times, for backfilling a Prometheus, or the
 * metrics of a replay or an estimate. Unknown values have no line.
 */
export async function* openMetricsExport(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<string> {
  if (entry.kind === "run") yield* runExport(store, entry, window);
  else if (entry.kind === "replay" || entry.kind === "estimate") yield* metricExport(store, entry);
  else {
    throw usageError(
      `export: OpenMetrics holds metrics, but ${entry.id} is a ${entry.kind}`,
      "name a run, a replay or an estimate, or use --format csv",
    );
  }
  yield "# EOF\n";
}
