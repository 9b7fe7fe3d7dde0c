import { dataError } from "../../model/errors.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { parseServingBenchmark, type ServingBenchmark } from "../../parse/serving_benchmark.ts";
import { type Efficiencies, type Fit, fitEfficiencies, QUICK } from "../../replay/offload/fit.ts";
import {
  fitOverhead,
  milliseconds,
  mismatchOf,
  type OverheadFit,
  splitByLoad,
} from "../../replay/offload/fit_overhead.ts";
import { readTextIfExists } from "../../runtime/files.ts";

/** Parameters of the engine that the benchmark ran on, as the user set them for the replay. */
const KEPT = [
  "gpuBlocks",
  "blockTokens",
  "gpus",
  "pipeline",
  "instances",
  "maxSequences",
  "maxBatchTokens",
  "iterationOverheadSeconds",
] as const;

export interface FittedTiming {
  /** What the fit sets: the two efficiencies, the iteration overhead where it was found, and no intervals. */
  readonly params: {
    readonly prefillEfficiency: number;
    readonly bandwidthEfficiency: number;
    readonly iterationOverheadSeconds?: number;
    readonly intervals: false;
  };
  readonly note: string;
}

function columnsOf({ requests }: ServingBenchmark): RequestColumns {
  return {
    kind: "requests",
    count: requests.length,
    arrivalNs: Float64Array.from(requests, (r) => Math.round(r.at * 1e9)),
    inputTokens: Uint32Array.from(requests, (r) => r.input),
    outputTokens: Uint32Array.from(requests, (r) => Math.max(1, r.output)),
    session: new Int32Array(requests.length).fill(-1),
    turn: new Int32Array(requests.length).fill(-1),
    thinkNs: new Float64Array(requests.length).fill(NaN),
    blockOffsets: null,
    blockIds: null,
  };
}

function percent(error: number | null): string {
  return error === null ? "not measured" : `${(100 * error).toFixed(1)} % off`;
}

function overheadNote(overhead: OverheadFit | null): string {
  if (overhead === null) return " The iteration overhead is the one given.";
  if (overhead.known) {
    return ` Iteration overhead ${milliseconds(overhead.seconds)} (${
      milliseconds(overhead.low)
    } to ` +
      `${milliseconds(overhead.high)}), from the times per token at light and heavy load.`;
  }
  return ` The iteration overhead was not fitted but assumed: ${overhead.reason}; where it was measured ` +
    "give --set iterationOverheadSeconds.";
}

function noteOf(
  path: string,
  fit: Fit,
  overhead: OverheadFit | null,
  benchmark: ServingBenchmark,
): string {
  const assumed = benchmark.assumed.length === 0
    ? ""
    : `; assumed: ${benchmark.assumed.join(", ")}`;
  const bounded = fit.bounded.length === 0
    ? ""
    : ` ${
      fit.bounded.join(" and ")
    } ran into a bound: the machine's profile or the engine's settings do ` +
      "not describe what was measured.";
  return `Timing fitted to ${path} (${benchmark.requests.length} requests): prefill efficiency ` +
    `${fit.prefillEfficiency.toFixed(3)}, bandwidth efficiency ${
      fit.bandwidthEfficiency.toFixed(3)
    }; ` +
    `median time to first token ${percent(fit.ttftError)}, per token ${
      percent(fit.tpotError)
    }${assumed}.` +
    bounded + overheadNote(overhead);
}

/**
 * Fits the engine's efficiencies to a serving benchmark, on the machine and model of the replay. A number
 * of GPU blocks means blocks of the replayed trace: give their size as `blockTokens`.
 *
 * @throws data error when the file is no benchmark, or none of its requests fits into the GPU blocks.
 */
export async function fitTiming(
  path: string,
  profiles: Profiles,
  engineParams: { readonly [key: string]: unknown },
): Promise<FittedTiming> {
  const text = readTextIfExists(path);
  if (text === null) throw dataError(`--fit: the file ${path} does not exist`);
  const benchmark = parseServingBenchmark(text, path);
  const columns = columnsOf(benchmark);
  const { policy } = await import("../../replay/offload/policies/none.ts");
  const kept = Object.fromEntries(
    KEPT.flatMap((key) => engineParams[key] === undefined ? [] : [[key, engineParams[key]]]),
  );
  const gpu = profiles.hardware?.gpu;
  const start: Efficiencies = {
    prefillEfficiency: gpu?.prefillEfficiency.value ?? 0.5,
    bandwidthEfficiency: gpu?.decodeBandwidthEfficiency.value ?? 0.8,
  };
  /** Medians of the engine's replay of the benchmark, and each request's seconds per token by position. */
  const evaluate = (timing: Efficiencies & { readonly iterationOverheadSeconds?: number }) => {
    const params = policy.params.parse({ ...kept, ...timing, intervals: false });
    const tpots = new Map<number, number>();
    const replay = policy.create(params, {
      meta: { blockTokens: null, uniqueBlocks: null, arrivalSorted: true },
      profiles,
      seed: 1,
      seriesPoints: 2,
      onRequest: ({ index, ttftSeconds, latencySeconds }) => {
        const further = columns.outputTokens[index] - 1;
        if (further > 0) tpots.set(index, (latencySeconds - ttftSeconds) / further);
      },
    });
    replay.feed(columns);
    const { metrics } = replay.finish();
    const tpot = metrics.tpot_p50_seconds.value;
    return {
      ttftSeconds: Number(metrics.ttft_p50_seconds.value ?? Infinity),
      tpotSeconds: tpot === null ? null : Number(tpot),
      tpots,
    };
  };
  const overhead = engineParams.iterationOverheadSeconds === undefined
    ? overheadOf(benchmark, start, evaluate)
    : null;
  const more = overhead?.known ? { iterationOverheadSeconds: overhead.seconds } : {};
  const fit = fitEfficiencies(benchmark, start, (timing) => evaluate({ ...timing, ...more }));
  if (!Number.isFinite(fit.outcome.ttftSeconds)) {
    throw dataError(
      `--fit: no request of ${path} fits into the GPU blocks of an instance, so no time can be fitted`,
      "check --gpu-blocks and the size of the trace's blocks",
    );
  }
  const { prefillEfficiency, bandwidthEfficiency } = fit;
  return {
    params: { prefillEfficiency, bandwidthEfficiency, ...more, intervals: false },
    note: noteOf(path, fit, overhead, benchmark),
  };
}

type Evaluate = (
  timing: Efficiencies & { readonly iterationOverheadSeconds?: number },
) => {
  readonly ttftSeconds: number;
  readonly tpotSeconds: number | null;
  readonly tpots: ReadonlyMap<number, number>;
};

/** The iteration overhead, where the benchmark's single requests tell it from the memory's time. */
function overheadOf(
  benchmark: ServingBenchmark,
  start: Efficiencies,
  evaluate: Evaluate,
): OverheadFit {
  const { tpotSeconds } = benchmark;
  const split = splitByLoad(benchmark.requests);
  if (split === null || tpotSeconds === null) {
    return {
      known: false,
      reason:
        "medians of one load cannot tell it from memory bandwidth, and start_times, ttfts and itls " +
        "of enough single requests (vllm bench serve --save-detailed) are not in the file",
    };
  }
  const fastest = evaluate({ ...start, bandwidthEfficiency: 1, iterationOverheadSeconds: 0 });
  const most = tpotSeconds - (fastest.tpotSeconds ?? tpotSeconds);
  return fitOverhead(most, tpotSeconds, (iterationOverheadSeconds) => {
    const timed = (timing: Efficiencies) => evaluate({ ...timing, iterationOverheadSeconds });
    const { tpots } = timed(fitEfficiencies(benchmark, start, timed, QUICK));
    return mismatchOf(split, benchmark.requests, tpots);
  });
}
