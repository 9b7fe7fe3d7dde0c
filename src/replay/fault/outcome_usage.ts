import type { FlowUsage, HeldUsage, Usage } from "../../model/usage.ts";
import type { Timeline } from "./engine.ts";
import type { Bill } from "./outcome_metrics.ts";
import type { Job } from "./params.ts";

function wholeFlows(flows: readonly FlowUsage[]): FlowUsage[] {
  return flows.filter((f) => f.bytes > 0).map((f) => ({ ...f, bytes: Math.round(f.bytes) }));
}

function heldOf(t: Timeline, bill: Bill): HeldUsage[] {
  return bill.dramBytes === 0
    ? []
    : [{ tier: "dram", byteSeconds: bill.dramBytes * t.wallSeconds }];
}

function unitsOf(t: Timeline, p: Job): Record<string, number> {
  const work = t.phases.useful - t.capacityLossSeconds;
  if (!(p.iteration > 0)) return { usefulSeconds: work };
  const iterations = work / p.iteration;
  const { iterationTokens: tokens } = p;
  return {
    usefulSeconds: work,
    iterations,
    ...(tokens === null ? {} : { trainedTokens: iterations * tokens }),
  };
}

/** All that a job used: its GPUs and spares, flows and memory. */
export function usageOf(t: Timeline, p: Job, bill: Bill, gpuKey: string | undefined): Usage {
  return {
    wallSeconds: t.wallSeconds,
    functionalUnits: unitsOf(t, p),
    devices: [{
      kind: "gpu",
      ...(gpuKey === undefined ? {} : { key: gpuKey }),
      count: p.gpus + bill.spareGpus,
      reservedSeconds: t.wallSeconds * (p.gpus + bill.spareGpus),
      // Lost training burns what useful training burns; spares idle.
      busySeconds: (t.phases.useful + t.phases.lost) * p.gpus,
    }],
    flows: wholeFlows(bill.flows),
    held: heldOf(t, bill),
    evidence: "replayed",
  };
}

/** A usage split by why it is waste: all of it, and the idle spares in it. */
export interface Waste {
  /** Everything beyond the useful work at full rate: GPUs, bytes and memory of fault tolerance. */
  readonly total: Usage;
  /** The spares that waited all the time. */
  readonly spares: Usage;
}

/** What of a usage would not have been without failures and without tolerance of them. */
export function wasteOf(t: Timeline, p: Job, bill: Bill, gpuKey: string | undefined): Waste {
  const work = t.phases.useful - t.capacityLossSeconds;
  const gpu = { kind: "gpu" as const, ...(gpuKey === undefined ? {} : { key: gpuKey }) };
  const base = {
    wallSeconds: t.wallSeconds,
    functionalUnits: unitsOf(t, p),
    evidence: "replayed" as const,
  };
  const spareSeconds = t.wallSeconds * bill.spareGpus;
  return {
    total: {
      ...base,
      devices: [{
        ...gpu,
        count: p.gpus + bill.spareGpus,
        reservedSeconds: Math.max(0, t.wallSeconds - work) * p.gpus + spareSeconds,
        busySeconds: (t.phases.lost + t.capacityLossSeconds) * p.gpus,
      }],
      flows: wholeFlows(bill.flows),
      held: heldOf(t, bill),
    },
    spares: {
      ...base,
      devices: [{ ...gpu, count: bill.spareGpus, reservedSeconds: spareSeconds, busySeconds: 0 }],
      flows: [],
      held: [],
    },
  };
}
