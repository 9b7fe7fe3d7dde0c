import type { Evidence } from "../../model/evidence.ts";
import { weakestEvidence } from "../../model/evidence.ts";
import type { DeviceUsage, Usage } from "../../model/usage.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import { gpuReservedSeconds, hostReservedSeconds, wholeServer } from "./amounts.ts";
import { NO_GPU_NAME } from "./context.ts";
import {
  dramTerms,
  linear,
  measuredTerm,
  networkTerms,
  outsideTerms,
  storageTerms,
} from "./energy_parts.ts";
import type { Part, Term, Terms, UnknownPart } from "./term.ts";

/** GPUs of a node that the host's power and embodied carbon are shared by. */
export const GPUS_PER_HOST = 8;

/**
 * What a GPU host is priced with (P4): `bare` without DRAM and SSD, because a usage that holds them prices
 * them itself; `whole` with those that every such host has, where nobody says what it held.
 */
export type Hosts = "bare" | "whole";

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
    return { terms: [...meteredTerms(measured, notes), ...outsideTerms(usage)], unknown, notes };
  }
  for (const kind of kinds) {
    terms.push(measuredTerm(MEASURED_PARTS[kind], kind, measured[kind]));
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

/** A node by its meter, shared between the parts that have counters and the host, which takes the rest. */
function meteredTerms(measured: Readonly<Record<string, number>>, notes: string[]): Term[] {
  const parts = Object.keys(measured).filter((kind) =>
    kind !== "node" && MEASURED_PARTS[kind] !== "host"
  );
  const inside = parts.reduce((sum, kind) => sum + measured[kind], 0);
  if (inside > measured.node) {
    notes.push(
      `counters inside the node saw ${inside.toPrecision(4)} J, its meter ` +
        `${measured.node.toPrecision(4)} J: the meter is taken`,
    );
    return [measuredTerm("host", "node", measured.node)];
  }
  return [
    ...parts.map((kind) => measuredTerm(MEASURED_PARTS[kind], kind, measured[kind])),
    measuredTerm(
      "host",
      parts.length === 0 ? "node" : "node less its parts",
      measured.node - inside,
    ),
  ];
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
