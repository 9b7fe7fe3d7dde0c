import type { Evidence } from "../../model/evidence.ts";
import { weakestEvidence } from "../../model/evidence.ts";
import type { TierName, Usage } from "../../model/usage.ts";
import { BYTES_PER_GB, JOULES_PER_KWH } from "../formulas/units.ts";
import { flowBytes, heldByteSeconds } from "./amounts.ts";
import type { Part, Term } from "./term.ts";

export function linear(
  part: Part,
  amount: number,
  ids: readonly string[],
  formula: string,
  evidence: Evidence,
  factor = 1,
): Term[] {
  if (amount === 0) return [];
  return [{
    account: "energy",
    part,
    formula,
    coefficients: ids,
    evidence: weakestEvidence(evidence, "assumed"),
    sunk: false,
    value: (get) => ids.reduce((product, id) => product * get(id), amount * factor),
  }];
}

export function measuredTerm(part: Part, kind: string, joules: number): Term {
  return {
    account: "energy",
    part,
    formula: `energy of ${kind} by its counter or integrated samples (F1, F2)`,
    coefficients: [],
    evidence: "measured",
    sunk: false,
    value: () => joules,
  };
}

/** What no meter of the node itself sees: memory and storage that stand elsewhere, and the way there. */
export function outsideTerms(usage: Usage): Term[] {
  return [
    ...dramTerms(usage, "peer_dram"),
    ...storageTerms(usage, ["remote"]),
    ...networkTerms(usage),
  ];
}

export function dramTerms(usage: Usage, ...tiers: TierName[]): Term[] {
  return linear(
    "dram",
    heldByteSeconds(usage, ...tiers) / BYTES_PER_GB,
    ["dram.watts_per_gb"],
    "GB-seconds held x W/GB (F13)",
    usage.evidence,
  );
}

export function networkTerms(usage: Usage): Term[] {
  return linear(
    "network",
    flowBytes(usage, "both", "remote", "object") / BYTES_PER_GB,
    ["network.kwh_per_gb"],
    "GB moved x kWh/GB",
    usage.evidence,
    JOULES_PER_KWH,
  );
}

/** @param ssds Tiers of drives to charge; the machine's own spinning disks go with its `ssd`. */
export function storageTerms(usage: Usage, ssds: readonly TierName[]): Term[] {
  const e = usage.evidence;
  const held = (...tiers: TierName[]) => heldByteSeconds(usage, ...tiers) / BYTES_PER_GB;
  return [
    ...linear(
      "storage",
      held(...ssds),
      ["ssd.watts_per_gb"],
      "SSD GB-seconds held x W/GB (F13)",
      e,
    ),
    ...linear(
      "storage",
      ssds.includes("ssd") ? held("hdd") : 0,
      ["hdd.watts_per_gb"],
      "HDD GB-seconds held x W/GB (F13)",
      e,
    ),
    ...linear(
      "storage",
      held("object"),
      ["hdd.watts_per_gb", "object.replication"],
      "object GB-seconds held x HDD W/GB x copies (F13)",
      e,
    ),
    ...linear(
      "storage",
      flowBytes(usage, "both", ...ssds) / BYTES_PER_GB,
      ["ssd.joules_per_gb"],
      "GB moved to and from SSD x J/GB",
      e,
    ),
  ];
}
