import type { Evidence } from "../../model/evidence.ts";
import type { Formula } from "../interval.ts";

/** What a term adds to: IT energy in joules, embodied carbon in grams, money in dollars. */
export type Account = "energy" | "embodied" | "usd";

/** Parts of a machine that terms are grouped by. */
export type Part =
  | "gpu"
  | "host"
  | "dram"
  | "storage"
  | "network"
  | "requests"
  | "retrieval"
  | "egress";

/** One summand of an estimate, as a formula over coefficients. */
export interface Term {
  readonly account: Account;
  readonly part: Part;
  /** In symbols and words, with the formula number of the reference. */
  readonly formula: string;
  /** Ids of every coefficient that `value` reads. */
  readonly coefficients: readonly string[];
  /** Evidence of the amounts; coefficients weaken it further. */
  readonly evidence: Evidence;
  readonly value: Formula;
  /**
   * What of the term a decision saves: `sunk` hardware stands there anyway. Wear does not: `decision`
   * then holds the part that would not happen otherwise.
   */
  readonly sunk: boolean;
  readonly decision?: Formula;
}

/** A part of an account that nobody can know from what is given. */
export interface UnknownPart {
  readonly account: Account;
  readonly part: Part;
  readonly reason: string;
}

export interface Terms {
  readonly terms: readonly Term[];
  readonly unknown: readonly UnknownPart[];
  readonly notes: readonly string[];
}
