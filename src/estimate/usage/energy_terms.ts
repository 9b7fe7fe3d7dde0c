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

/**
 * Whether a host without GPUs is charged as the whole server that it is: its DRAM is then inside its power
 * and its embodied carbon, its drives inside its power (P1, P4).
 */
export function wholeServer(usage: Usage): boolean {
  return gpuReservedSeconds(usage) === 0 && hostReservedSeconds(usage) > 0;
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
 * stands for everything in it, so that idle power is not counted twice (P1). The rest is modelled.
 */
export function energyTerms(usage: Usage, factors: FactorSet, hosts: Hosts = "bare"): Terms {
  const terms: Term[] = [];
  const unknown: UnknownPart[] = [];
  const notes: string[] = [];
  const measured = usage.measured?.joules ?? {};
  const kinds = Object.keys(measured);
  if (measured.node !== undefined) {
    const terms = [measuredTerm("host", "node", measured.node), ...outsideTerms(usage)];
    return { terms, unknown, notes };
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
  const node = !has("host") && wholeServer(usage);
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
  } else if (node) {
    terms.push(nodeTerm(usage, (measured.dram ?? 0) + (measured.ssd ?? 0)));
    notes.push(
      "no power counter was read: a whole two-socket server is charged by its meter, so that its DRAM and " +
        "drives are inside node.cpu.watts and not charged again; for a smaller machine give " +
        "--factor node.cpu.watts=W",
    );
  } else if (kinds.length === 0) {
    unknown.push({
      account: "energy",
      part: "host",
      reason: "the usage names no GPU, CPU or node and no power counter was read",
    });
  }
  if (node) terms.push(...outsideTerms(usage));
  else {
    terms.push(...dramTerms(usage, "peer_dram", ...(has("dram") ? [] : ["dram" as const])));
    if (!has("storage")) terms.push(...storageTerms(usage, ["ssd", "remote"]));
    terms.push(...networkTerms(usage));
  }
  return { terms, unknown, notes };
}

/** A server by its meter; what counters saw of its parts is taken off, for they have terms of their own. */
function nodeTerm(usage: Usage, insideJoules: number): Term {
  const seconds = hostReservedSeconds(usage);
  return {
    account: "energy",
    part: "host",
    formula: insideJoules > 0
      ? "node watts x reserved s - energy of its parts that have counters"
      : "node watts x reserved s",
    coefficients: ["node.cpu.watts"],
    evidence: weakestEvidence(usage.evidence, "assumed"),
    sunk: false,
    value: (get) => Math.max(0, get("node.cpu.watts") * seconds - insideJoules),
  };
}

/** What no meter of the node itself sees: memory and storage that stand elsewhere, and the way there. */
function outsideTerms(usage: Usage): Term[] {
  return [
    ...dramTerms(usage, "peer_dram"),
    ...storageTerms(usage, ["remote"]),
    ...networkTerms(usage),
  ];
}

function dramTerms(usage: Usage, ...tiers: TierName[]): Term[] {
  return linear(
    "dram",
    heldByteSeconds(usage, ...tiers) / BYTES_PER_GB,
    ["dram.watts_per_gb"],
    "GB-seconds held x W/GB (F13)",
    usage.evidence,
  );
}

function networkTerms(usage: Usage): Term[] {
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
function storageTerms(usage: Usage, ssds: readonly TierName[]): Term[] {
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
