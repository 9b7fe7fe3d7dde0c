/** The exclusive phases of a job: every wall second is booked in exactly one. Seconds. */
export interface Phases {
  useful: number;
  lost: number;
  checkpoint: number;
  detect: number;
  diagnose: number;
  waitNode: number;
  restart: number;
  load: number;
  reconfig: number;
  stall: number;
  planned: number;
}

export function emptyPhases(): Phases {
  return {
    useful: 0,
    lost: 0,
    checkpoint: 0,
    detect: 0,
    diagnose: 0,
    waitNode: 0,
    restart: 0,
    load: 0,
    reconfig: 0,
    stall: 0,
    planned: 0,
  };
}

/** Metric id of each phase. */
export const PHASE_METRICS: Readonly<Record<keyof Phases, string>> = {
  useful: "useful_seconds",
  lost: "lost_seconds",
  checkpoint: "checkpoint_seconds",
  detect: "detect_seconds",
  diagnose: "diagnose_seconds",
  waitNode: "wait_node_seconds",
  restart: "restart_seconds",
  load: "load_seconds",
  reconfig: "reconfig_seconds",
  stall: "stall_seconds",
  planned: "planned_seconds",
};

/** Sum of all phases: the wall time. */
export function sumPhases(p: Phases): number {
  return Object.values(p).reduce((sum: number, part: number) => sum + part, 0);
}
