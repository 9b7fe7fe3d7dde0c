import type { Evidence } from "../model/evidence.ts";
import type { Metrics, MetricValue } from "../model/metric.ts";

/** What is known of one metric on one side of a gate: a value a run. */
export interface Observation {
  readonly unit: string;
  readonly better: "lower" | "higher" | "none";
  readonly nature: "exact" | "sampled";
  readonly evidence: Evidence;
  readonly values: readonly number[];
  /** The same values digit by digit, where one is an integer that a double cannot hold; else absent. */
  readonly digits?: readonly string[] | null;
  /** Interval of modelled values, when they have one: the widest of all. */
  readonly low: number | null;
  readonly high: number | null;
  /** Why there is no value. */
  readonly missing: string | null;
}

/** Observations by name: `metric`, or `policy/metric` where a subject has several results. */
export type Observations = Readonly<Record<string, Observation>>;

/** One side of a comparison. */
export interface Side {
  readonly name: string;
  /** Hardware and software that sampled metrics depend on; empty for replays. */
  readonly fingerprint: Readonly<Record<string, unknown>>;
  /** Why the side must not be trusted (a partial recording, a replay of an engine that it does not describe); null when it may. */
  readonly incomplete: string | null;
  readonly observations: Observations;
}

/** Earlier runs of a workload in the order of time, the judged ones last. */
export interface History {
  /** Name of the workload. */
  readonly name: string;
  readonly points: readonly {
    readonly id: string;
    /** ISO time of the start. */
    readonly at: string;
    readonly values: Readonly<Record<string, number | null>>;
  }[];
  /** Why runs of that name were left out: "2 on another machine". */
  readonly leftOut: readonly string[];
}

interface Definition {
  readonly better: "lower" | "higher" | "none";
  readonly nature: "exact" | "sampled";
}

/** The outermost end of the runs' intervals; null as soon as one run has none. */
function widest(
  ends: readonly (number | undefined)[],
  outermost: (...ends: number[]) => number,
): number | null {
  const known = ends.filter((end) => end !== undefined);
  return known.length < ends.length ? null : outermost(...known);
}

/** Why a metric cannot be judged over the runs, or null. */
function whyMissing(known: readonly MetricValue[], runs: number): string | null {
  if (known.length < runs) return `${runs - known.length} of ${runs} runs do not have it`;
  const stranger = known.find((m) => m.unit !== known[0].unit);
  if (stranger !== undefined) return `it is in ${known[0].unit} and in ${stranger.unit}`;
  const unknown = known.find((m) => m.value === null);
  return unknown === undefined ? null : unknown.reason ?? "unknown";
}

/** The values exactly: integers that a double cannot hold as BigInt, which compares with numbers exactly. */
export function exactValues(observation: Observation): (number | bigint)[] {
  const { values, digits } = observation;
  return values.map((value, i) => {
    const text = digits?.[i];
    return text !== undefined && /^-?\d+$/.test(text) ? BigInt(text) : value;
  });
}

/**
 * Collects the metrics of runs (or of one result of a replay) into observations.
 *
 * @param define What the catalogue says of a metric; undefined for unknown ids.
 */
export function observe(
  runs: readonly Metrics[],
  define: (id: string) => Definition | undefined,
  prefix = "",
): Observations {
  const ids = new Set(runs.flatMap((metrics) => Object.keys(metrics)));
  return Object.fromEntries(
    [...ids].sort().map((id) => {
      const known = runs.map((metrics) => metrics[id]).filter((m) => m !== undefined);
      const given = known.map((m) => m.value).filter((v) => v !== null);
      const definition = define(id);
      const observation: Observation = {
        unit: known[0].unit,
        better: definition?.better ?? "none",
        // What is read from counters varies from run to run; what is computed does not.
        nature: definition?.nature ?? (known[0].evidence === "measured" ? "sampled" : "exact"),
        evidence: known[0].evidence,
        values: given.map(Number),
        ...(given.some((v) => typeof v === "string") ? { digits: given.map(String) } : {}),
        low: widest(known.map((m) => m.low), Math.min),
        high: widest(known.map((m) => m.high), Math.max),
        missing: whyMissing(known, runs.length),
      };
      return [`${prefix}${id}`, observation];
    }),
  );
}

/** The first key in which two machines differ, in alphabetical order; null when they are alike. */
export function differingFingerprint(a: Side, b: Side): string | null {
  const keys = [...new Set([...Object.keys(a.fingerprint), ...Object.keys(b.fingerprint)])].sort();
  const key = keys.find((k) =>
    JSON.stringify(a.fingerprint[k]) !== JSON.stringify(b.fingerprint[k])
  );
  return key === undefined ? null : key;
}
