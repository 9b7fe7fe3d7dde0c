import { replayFaults, type Timeline } from "../../../src/replay/fault/engine.ts";
import { REPLACED_AT_ONCE } from "../../../src/replay/fault/plan.ts";

/** Failures of unknown kind and node at given times. */
export function failuresAt(times: readonly number[]) {
  return {
    count: times.length,
    seconds: times,
    kind: times.map(() => 9),
    node: times.map(() => -1),
    downSeconds: times.map(() => NaN),
  };
}

/** The golden timelines: periodic checkpoints with the inputs' own names, restart immune. */
export function deterministicTimeline(
  times: readonly number[],
  i: object,
  restartImmune = true,
): Timeline {
  const n = i as Record<string, number>;
  return replayFaults(
    { usefulSeconds: n.Ts, iterationSeconds: 0, restartImmune },
    {
      ...REPLACED_AT_ONCE,
      schedule: {
        segmentSeconds: n.tau,
        blockSeconds: 0,
        remoteEvery: 1,
        remoteBlockSeconds: n.delta,
        persistSeconds: n.persist ?? 0,
        finalSave: true,
      },
      recover: () => ({
        restore: "remote",
        detect: 0,
        diagnose: 0,
        waitNode: 0,
        restart: n.R,
        load: 0,
        reconfig: 0,
        idledGpus: 0,
      }),
    },
    failuresAt(times),
  );
}
