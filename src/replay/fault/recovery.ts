import { detectSeconds, type Job } from "./params.ts";
import type { Failure, Recovery } from "./plan.ts";
import { loadCost } from "./save_path.ts";

/** Seconds to read the checkpoint back. */
export function loadSeconds(p: Job): number {
  return p.load ?? loadCost(p).seconds ?? 0;
}

/** The recovery that most policies share, from the job's parameters; the slowest detection counts. */
export function plainRecovery(
  p: Job,
  failures: readonly Failure[],
  at: number,
  restore: Recovery["restore"],
): Recovery {
  const sdc = failures.some((f) => f.kind === "sdc");
  return {
    restore,
    detect: slowestDetection(p, failures),
    diagnose: p.diagnose,
    waitNode: p.wait,
    restart: p.restart,
    load: loadSeconds(p),
    reconfig: 0,
    idledGpus: p.gpus,
    ...(sdc ? { onset: at - p.sdcDelay } : {}),
  };
}

/** A recovery of those who go on without the failed nodes: only the iteration in flight is lost. */
export function rerouted(
  p: Job,
  failures: readonly Failure[],
  reconfig: number,
): Recovery {
  return {
    restore: "iteration",
    detect: slowestDetection(p, failures),
    diagnose: 0,
    waitNode: 0,
    restart: 0,
    load: 0,
    reconfig,
    idledGpus: failures.length * p.gpusPerNode,
  };
}

function slowestDetection(p: Job, failures: readonly Failure[]): number {
  return failures.reduce((most, f) => Math.max(most, detectSeconds(p, f.kind)), 0);
}
