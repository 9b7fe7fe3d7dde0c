import { MLPERF_WORKLOADS } from "../model/mlperf_workloads.ts";
import type { SampleSet } from "../model/trace/io.ts";
import { type SampleFile, sampleTrace } from "../model/trace/sample_trace.ts";
import type { Trace } from "../model/trace/trace.ts";
import { createRandom } from "../stats/random.ts";

/** Smallest share of the mean that a drawn size may have: a normal law reaches below zero. */
const SMALLEST = 0.01;

/** A data set of one of the workloads, with as many files as asked for. */
export function mlperfSamples(
  argument: string,
  workload: string,
  options: { readonly files: number; readonly accelerator: "a100" | "h100"; readonly seed: number },
): Trace<"io"> {
  const w = MLPERF_WORKLOADS[workload];
  const random = createRandom(options.seed);
  const files: SampleFile[] = [];
  for (let i = 0; i < options.files; i++) {
    const mean = w.sampleBytes * w.samplesPerFile;
    const drawn = mean + w.stdevBytes * random.normal();
    const bytes = Math.round(Math.max(SMALLEST * mean, drawn));
    files.push({ name: "", bytes, samples: w.samplesPerFile });
  }
  const samples: SampleSet = {
    name: workload,
    batchSize: w.batchSize,
    computeSeconds: w.computeSeconds[options.accelerator],
    readThreads: w.readThreads,
    targetRatio: w.targetRatio,
    source: `MLPerf Storage v1.0 ${workload} on ${options.accelerator}`,
  };
  return sampleTrace(argument, "generated", files, samples, false);
}
