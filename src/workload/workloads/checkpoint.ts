import { z } from "zod";
import { bytesParam } from "../../model/params.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import { killLoop, type KillReport, runTrainer } from "../checkpoint/kill_loop.ts";
import type { Phase } from "../phase_meter.ts";
import { seededUniform } from "../seeded.ts";
import type { Workload } from "../workload.ts";

const params = z.strictObject({
  bytes: bytesParam().default(16 * 2 ** 20).describe("size of the training state"),
  iterationMs: z.number().positive().default(20).describe("milliseconds of an iteration"),
  every: z.number().int().positive().default(3).describe("iterations between checkpoints"),
  kills: z.number().int().nonnegative().default(200).describe("times that the trainer is killed"),
  killWithinMs: z.number().positive().default(1200)
    .describe("a kill comes at random within so many milliseconds of training"),
  iterations: z.number().int().positive().default(100)
    .describe("iterations of the run without kills that measures the overhead"),
});

type Params = z.infer<typeof params>;

function phase(name: string, seconds: readonly number[], bytes: number): Phase {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (q: number): number | null =>
    sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  return {
    name,
    seconds: seconds.reduce((sum, s) => sum + s, 0),
    bytesRead: 0,
    bytesWritten: bytes * seconds.length,
    operations: seconds.length,
    p50Seconds: at(0.5),
    p99Seconds: at(0.99),
  };
}

/** Seconds of an iteration in the lives that were killed: short lives train slower than a long one. */
function lifeIterationSeconds(report: KillReport): number | null {
  const sum = (values: readonly number[]) => values.reduce((total, v) => total + v, 0);
  const trained = sum(report.trainedSeconds) - sum(report.blockSeconds);
  // The iteration that a kill cuts off is half done on average.
  const iterations = sum(report.reached) - sum(report.resumedFrom) + report.kills / 2;
  return iterations > 0 && trained > 0 ? trained / iterations : null;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, v) => sum + v, 0) / values.length;
}

export const workload: Workload<Params> = {
  name: "checkpoint",
  summary: "a two-phase checkpoint writer, killed at random and verified each time",
  params,
  diskBytes: (p) => 3 * p.bytes,
  async run(p, context) {
    const trainer = {
      folder: context.directory,
      stateBytes: p.bytes - p.bytes % 4,
      iterationMs: p.iterationMs,
      every: p.every,
      iterations: p.iterations,
    };
    const random = seededUniform(context.seed);
    context.mark("kills");
    const report = await killLoop(
      trainer,
      p.kills,
      () => random() * p.killWithinMs,
      (done) => context.progress(done, p.kills, "kills"),
    );
    context.mark("without kills");
    const plain = await runTrainer({ ...trainer, save: false }, null);
    const saved = await runTrainer(trainer, null);
    const saves = saved.blockSeconds.length;
    const block = saved.blockSeconds.reduce((sum, s) => sum + s, 0) / Math.max(1, saves);
    const tau = (plain.doneSeconds ?? 0) / p.iterations * p.every;
    const predicted = block / (tau + block);
    const measured = 1 - (plain.doneSeconds ?? 0) / (saved.doneSeconds ?? 1);
    const persists = saved.persistSeconds;
    const persist = persists.reduce((sum, s) => sum + s, 0) / Math.max(1, persists.length);
    return {
      phases: [
        phase("block", [...report.blockSeconds, ...saved.blockSeconds], 0),
        phase("persist", [...report.persistSeconds, ...persists], trainer.stateBytes),
      ],
      verifiedBytes: report.verified * trainer.stateBytes,
      notes: [
        `${report.kills} kills: the newest durable checkpoint was intact each time, ${report.verified} ` +
        `checkpoints read back and compared; the last is of iteration ${report.newest}`,
        "a killed process does not lose the page cache: a power cut is not what this tests",
        `overhead without kills: predicted ${formatRatio(predicted)} (block ${
          formatSeconds(block)
        } every ${formatSeconds(tau)}), measured ${formatRatio(measured)}`,
        `for the model: replay fault TRACE --policy periodic-async --set checkpoint=${
          block.toPrecision(4)
        } --set persist=${persist.toPrecision(4)}`,
      ],
      detail: {
        injection: {
          iterationSeconds: lifeIterationSeconds(report) ?? tau / p.every,
          every: p.every,
          blockSeconds: mean(report.blockSeconds) ?? block,
          persistSeconds: mean(report.persistSeconds) ?? persist,
          trainedSeconds: [...report.trainedSeconds],
          reachedIterations: [...report.reached],
          resumedIterations: [...report.resumedFrom],
          durableIterations: report.newest,
        },
      },
    };
  },
};
