/**
 * How a number is known. Every number that leaves the tool carries one of these:
 * - `measured`: read from a counter of a real machine;
 * - `replayed`: follows exactly from a trace and a policy;
 * - `modelled`: depends on a cost model;
 * - `assumed`: a default that nobody measured here.
 */
export type Evidence = "measured" | "replayed" | "modelled" | "assumed";

/** Strongest first. */
export const EVIDENCE_ORDER: readonly Evidence[] = ["measured", "replayed", "modelled", "assumed"];

/**
 * The evidence of a number derived from others: the weakest of its inputs.
 *
 * @example
 * ```ts
 * weakestEvidence("measured", "assumed"); // "assumed"
 * ```
 */
export function weakestEvidence(...inputs: Evidence[]): Evidence {
  let weakest = 0;
  for (const input of inputs) weakest = Math.max(weakest, EVIDENCE_ORDER.indexOf(input));
  return EVIDENCE_ORDER[weakest];
}

/** One letter an evidence, for tables: the tag that every printed number carries. */
export const EVIDENCE_LETTERS: Readonly<Record<Evidence, string>> = {
  measured: "M",
  replayed: "R",
  modelled: "m",
  assumed: "a",
};
