import { weakestEvidence } from "../../model/evidence.ts";
import type { Usage } from "../../model/usage.ts";

/** GPUs of a usage, by count. */
export function gpuCount(usage: Usage): number {
  return usage.devices.filter((d) => d.kind === "gpu").reduce((a, d) => a + d.count, 0);
}

/**
 * What a whole training job uses: `run` is its GPUs, time and checkpoints under failures, `step` what one
 * step moves and holds. Every step that ran is charged, the lost ones too; what a step holds is held all
 * the time; GPUs that a step keeps waiting for transfers idle in the job as well. More GPUs than the step
 * has are replicas of it.
 *
 * @param gpus GPUs that train, without spares.
 */
export function jobUsage(run: Usage, step: Usage, gpus: number): Usage {
  const steps = step.functionalUnits.steps ?? 1;
  const stepSeconds = step.wallSeconds / steps;
  const replicas = gpus / Math.max(1, gpuCount(step));
  const trained = run.devices.reduce((a, d) => a + (d.kind === "gpu" ? d.busySeconds ?? 0 : 0), 0);
  const ran = stepSeconds > 0 ? trained / gpus / stepSeconds : 0;
  const own = step.devices.filter((d) => d.kind === "gpu");
  const reserved = own.reduce((a, d) => a + d.reservedSeconds, 0);
  const busy = own.every((d) => d.busySeconds !== null)
    ? own.reduce((a, d) => a + d.busySeconds!, 0)
    : reserved;
  const share = reserved > 0 ? busy / reserved : 1;
  const perStep = ran / steps * replicas;
  return {
    wallSeconds: run.wallSeconds,
    functionalUnits: {
      ...run.functionalUnits,
      ...(run.functionalUnits.iterations === undefined
        ? {}
        : { usefulSteps: run.functionalUnits.iterations }),
    },
    devices: [
      ...run.devices.map((d) =>
        d.kind === "gpu" && d.busySeconds !== null
          ? { ...d, busySeconds: d.busySeconds * share }
          : d
      ),
      ...step.devices.filter((d) => d.kind !== "gpu").map((d) => ({
        ...d,
        count: d.count * replicas,
        reservedSeconds: d.count * replicas * run.wallSeconds,
        busySeconds: d.busySeconds === null ? null : d.busySeconds * perStep,
      })),
    ],
    flows: [
      ...run.flows,
      ...step.flows.map((f) => ({
        ...f,
        bytes: Math.round(f.bytes * perStep),
        requests: Math.round(f.requests * perStep),
      })),
    ],
    held: [
      ...run.held,
      ...step.held.map((h) => ({
        ...h,
        byteSeconds: h.byteSeconds / step.wallSeconds * run.wallSeconds * replicas,
      })),
    ],
    evidence: weakestEvidence(run.evidence, step.evidence),
  };
}
