import { formatRatio, formatSeconds } from "../../model/units.ts";
import { replayFaults } from "../../replay/fault/engine.ts";
import { REPLACED_AT_ONCE } from "../../replay/fault/plan.ts";
import type { WorkloadResult } from "../../workload/workload.ts";
import { faultKindIndex } from "../../model/trace/faults.ts";

/** What a workload that injects failures measured: the kills of one training run, one after the other. */
export interface Injection {
  readonly iterationSeconds: number;
  readonly every: number;
  readonly blockSeconds: number;
  readonly persistSeconds: number;
  /** Seconds trained until each kill, and the iterations reached and resumed from. */
  readonly trainedSeconds: readonly number[];
  readonly reachedIterations: readonly number[];
  readonly resumedIterations: readonly number[];
  /** Iteration of the newest intact checkpoint after the last kill. */
  readonly durableIterations: number;
}

/** The kills as failures of a job that starts again at once, replayed with the measured times. */
export function replayInjection(injection: Injection) {
  const { iterationSeconds, every, blockSeconds, persistSeconds, trainedSeconds } = injection;
  let at = 0;
  const seconds = trainedSeconds.map((s) => at += s);
  const timeline = replayFaults(
    {
      // More than can be trained: the kills decide when it ends.
      usefulSeconds: 2 * at + every * iterationSeconds,
      iterationSeconds,
      restartImmune: false,
      horizonSeconds: at,
    },
    {
      ...REPLACED_AT_ONCE,
      schedule: {
        segmentSeconds: every * iterationSeconds,
        blockSeconds: 0,
        remoteEvery: 1,
        remoteBlockSeconds: blockSeconds,
        persistSeconds,
        finalSave: true,
      },
      recover: () => ({
        restore: "remote",
        detect: 0,
        diagnose: 0,
        waitNode: 0,
        restart: 0,
        load: 0,
        reconfig: 0,
        idledGpus: 0,
      }),
    },
    {
      count: seconds.length,
      seconds,
      kind: seconds.map(() => faultKindIndex("software")),
      node: seconds.map(() => -1),
      downSeconds: seconds.map(() => 0),
    },
  );
  const saves = timeline.durableAtFailure.at(-1) ?? 0;
  return {
    durableIterations: saves * every,
    lostIterations: timeline.lostWorkSeconds / iterationSeconds,
    trainedSeconds: at,
  };
}

/** Adds the model's answer for the same kills, beside what was measured. */
export function withModel(result: WorkloadResult): WorkloadResult {
  const injection = result.detail?.injection as unknown as Injection | undefined;
  if (injection === undefined || injection.trainedSeconds.length === 0) return result;
  const predicted = replayInjection(injection);
  const measuredLost = injection.reachedIterations.reduce(
    (sum, reached, i) =>
      sum + reached - (injection.resumedIterations[i + 1] ?? injection.durableIterations),
    0,
  );
  const overhead = (iterations: number) =>
    1 - iterations * injection.iterationSeconds / predicted.trainedSeconds;
  return {
    ...result,
    notes: [
      ...result.notes,
      `overhead of the ${injection.trainedSeconds.length} kills in ${
        formatSeconds(predicted.trainedSeconds)
      } of training: predicted ${formatRatio(overhead(predicted.durableIterations))}, measured ${
        formatRatio(overhead(injection.durableIterations))
      } (durable iterations ${predicted.durableIterations} and ${injection.durableIterations}; lost ${
        Math.round(predicted.lostIterations)
      } and ${measuredLost}); the replay of periodic-async with the measured block and persist times`,
    ],
    detail: {
      ...result.detail,
      model: { ...predicted, measuredLostIterations: measuredLost },
    },
  };
}
