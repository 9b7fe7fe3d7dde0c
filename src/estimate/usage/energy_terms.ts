import type { Evidence } from "../../model/evidence.ts";
import { weakestEvidence } from "../../model/evidence.ts";
import type { DeviceUsage, TierName, Usage } from "../../model/usage.ts";
import { BYTES_PER_GB, JOULES_PER_KWH } from "../formulas/units.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import { NO_GPU_NAME } from "./context.ts";
import type { Part, Term, Terms, UnknownPart } from "./term.ts";

/** GPUs of a node that the host's power and embodied carbon are shared by. */
export const GPUS_PER_HOST = 8;

/**
 * What a GPU host is priced with (P4): `bare` without DRAM and SSD, because a usage that holds them prices
 * them itself; `whole` with those that every such host has, where nobody says what it held.
 */
export type Hosts = "bare" | "whole";

/** Byte-seconds held on a tier. */
export function heldByteSeconds(usage: Usage, ...tiers: TierName[]): number {
  return usage.held.filter((h) => tiers.includes(h.tier)).reduce((a, h) => a + h.byteSeconds, 0);
}

/** Bytes that flowed on a tier. */
export function flowBytes(
  usage: Usage,
  direction: "read" | "write" | "both",
  ...tiers: TierName[]
): number {
  return usage.flows
    .filter((f) => tiers.includes(f.tier) && (direction === "both" || f.direction === direction))
    .reduce((a, f) => a + f.bytes, 0);
}

export function gpuReservedSeconds(usage: Usage): number {
  return usage.devices.filter((d) => d.kind === "gpu").reduce((a, d) => a + d.reservedSeconds, 0);
}

/** Seconds of whole hosts without GPUs: a `node`, or else a `cpu` however many cores it counts. */
export function hostReservedSeconds(usage: Usage): number {
  const nodes = usage.devices.filter((d) => d.kind === "node");
  if (nodes.length > 0) return nodes.reduce((a, d) => a + d.reservedSeconds, 0);
  return usage.devices.filter((d) => d.kind === "cpu")
    .reduce((a, d) => a + d.reservedSeconds / Math.max(1, d.count), 0);
}

function gpuTerm(
  device: DeviceUsage,
  evidence: Evidence,
  factors: FactorSet,
): Term | UnknownPart {
  const watts = `gpu.${device.key}.watts`;
  if (device.key === undefined || !factors.has(watts)) {
    return {
      account: "energy",
      part: "gpu",
      reason: device.key === undefined
        ? `${NO_GPU_NAME}, so it has no power figure`
        : `no power figure for GPU "${device.key}"; give --factor ${watts}=W`,
    };
  }
  const { reservedSeconds, busySeconds } = device;
  const ids = [watts, "gpu.busy_share", "gpu.idle_share"];
  return {
    account: "energy",
    part: "gpu",
    formula: busySeconds === null
      ? "reserved s x watts x (utilisation x busy share + rest x idle share)"
      : "watts x (busy s x busy share + idle s x idle share) (F20: reserved, not just used)",
    coefficients: busySeconds === null ? [...ids, "gpu.utilisation"] : ids,
    evidence: weakestEvidence(evidence, "assumed"),
    sunk: false,
    value: (get) => {
      const busy = busySeconds ?? reservedSeconds * get("gpu.utilisation");
      const idle = Math.max(0, reservedSeconds - busy);
      return get(watts) * (busy * get("gpu.busy_share") + idle * get("gpu.idle_share"));
    },
  };
}

function linear(
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

function measuredTerm(part: Part, kind: string, joules: number): Term {
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

const MEASURED_PARTS: Readonly<Record<string, Part>> = {
  gpu: "gpu",
  cpu: "host",
  package: "host",
  node: "host",
  dram: "dram",
  ssd: "storage",
};

/**
 * IT energy of a usage. What was measured stands for its part; a measured node (wall or IPMI meter)
 * stands for everything, so that idle power is not counted twice (P1). The rest is modelled.
 */
export function energyTerms(usage: Usage, factors: FactorSet, hosts: Hosts = "bare"): Terms {
  const terms: Term[] = [];
  const unknown: UnknownPart[] = [];
  const notes: string[] = [];
  const measured = usage.measured?.joules ?? {};
  const kinds = Object.keys(measured);
  if (measured.node !== undefined) {
    return { terms: [measuredTerm("host", "node", measured.node)], unknown, notes };
  }
  for (const kind of kinds) {
    terms.push(measuredTerm(MEASURED_PARTS[kind] ?? "host", kind, measured[kind]));
  }
  const covered = usage.measured?.coverageRatio;
  if (kinds.length > 0 && covered !== undefined && covered < 0.99) {
    notes.push(
      `power samples cover ${(covered * 100).toFixed(1)} % of the time; gaps count as 0 J`,
    );
  }
  const has = (part: Part) => terms.some((t) => t.part === part);
  const e = usage.evidence;
  if (!has("gpu")) {
    for (const device of usage.devices.filter((d) => d.kind === "gpu")) {
      const term = gpuTerm(device, e, factors);
      if ("value" in term) terms.push(term);
      else unknown.push(term);
    }
  }
  const gpuSeconds = gpuReservedSeconds(usage);
  const hostSeconds = hostReservedSeconds(usage);
  if (has("host")) {
    notes.push("CPU counters leave out fans, power supplies, drives and NICs");
  } else if (gpuSeconds > 0) {
    terms.push(...linear(
      "host",
      gpuSeconds / GPUS_PER_HOST,
      [hosts === "whole" ? "host8.watts" : "host8.watts_without_memory"],
      hosts === "whole"
        ? "host watts x reserved GPU s / 8 (F20)"
        : "host watts without DRAM and SSD x reserved GPU s / 8 (F20)",
      e,
    ));
  } else if (hostSeconds > 0) {
    terms.push(...linear("host", hostSeconds, ["node.cpu.watts"], "node watts x reserved s", e));
    notes.push(
      "no power counter was read: a whole two-socket server is charged, drives included; for a " +
        "smaller machine give --factor node.cpu.watts=W",
    );
  } else if (kinds.length === 0) {
    unknown.push({
      account: "energy",
      part: "host",
      reason: "the usage names no GPU, CPU or node and no power counter was read",
    });
  }
  if (!has("dram")) {
    terms.push(...linear(
      "dram",
      heldByteSeconds(usage, "dram", "peer_dram") / BYTES_PER_GB,
      ["dram.watts_per_gb"],
      "GB-seconds held x W/GB (F13)",
      e,
    ));
  }
  if (!has("storage")) terms.push(...storageTerms(usage));
  const networked = flowBytes(usage, "both", "remote", "object") / BYTES_PER_GB;
  terms.push(
    ...linear(
      "network",
      networked,
      ["network.kwh_per_gb"],
      "GB moved x kWh/GB",
      e,
      JOULES_PER_KWH,
    ),
  );
  return { terms, unknown, notes };
}

function storageTerms(usage: Usage): Term[] {
  const e = usage.evidence;
  const held = (...tiers: TierName[]) => heldByteSeconds(usage, ...tiers) / BYTES_PER_GB;
  return [
    ...linear(
      "storage",
      held("ssd", "remote"),
      ["ssd.watts_per_gb"],
      "SSD GB-seconds held x W/GB (F13)",
      e,
    ),
    ...linear("storage", held("hdd"), ["hdd.watts_per_gb"], "HDD GB-seconds held x W/GB (F13)", e),
    ...linear(
      "storage",
      held("object"),
      ["hdd.watts_per_gb", "object.replication"],
      "object GB-seconds held x HDD W/GB x copies (F13)",
      e,
    ),
    ...linear(
      "storage",
      flowBytes(usage, "both", "ssd", "remote") / BYTES_PER_GB,
      ["ssd.joules_per_gb"],
      "GB moved to and from SSD x J/GB",
      e,
    ),
  ];
}
