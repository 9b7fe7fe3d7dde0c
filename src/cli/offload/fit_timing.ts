import { dataError } from "../../model/errors.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { parseServingBenchmark, type ServingBenchmark } from "../../parse/serving_benchmark.ts";
import { type Fit, fitEfficiencies } from "../../replay/offload/fit.ts";
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
  /** What the fit sets: the two efficiencies, and no intervals. */
  readonly params: {
    readonly prefillEfficiency: number;
    readonly bandwidthEfficiency: number;
    readonly intervals: false;
  };
  readonly note: string;
}

function columnsOf({ requests }: ServingBenchmark): RequestColumns {
  const sorted = requests.toSorted((a, b) => a.at - b.at);
  return {
    kind: "requests",
    count: sorted.length,
    arrivalNs: Float64Array.from(sorted, (r) => Math.round(r.at * 1e9)),
    inputTokens: Uint32Array.from(sorted, (r) => r.input),
    outputTokens: Uint32Array.from(sorted, (r) => Math.max(1, r.output)),
    session: new Int32Array(sorted.length).fill(-1),
    turn: new Int32Array(sorted.length).fill(-1),
    thinkNs: new Float64Array(sorted.length).fill(NaN),
    blockOffsets: null,
    blockIds: null,
  };
}

/**
 * A step's time is overhead + bytes / bandwidth: one median per token is one equation, so the overhead would
 * need medians at two batch sizes, which a result file of one run does not hold.
 */
const OVERHEAD_KEPT =
  "The iteration overhead was not fitted: the medians of one load cannot tell it from memory bandwidth, so " +
  "where it was measured give --set iterationOverheadSeconds.";

function percent(error: number | null): string {
  return error === null ? "not measured" : `${(100 * error).toFixed(1)} % off`;
}

function noteOf(path: string, fit: Fit, benchmark: ServingBenchmark): string {
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
    bounded +
    ` ${OVERHEAD_KEPT}`;
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
  const fit = fitEfficiencies(benchmark, {
    prefillEfficiency: gpu?.prefillEfficiency.value ?? 0.5,
    bandwidthEfficiency: gpu?.decodeBandwidthEfficiency.value ?? 0.8,
  }, (efficiencies) => {
    const params = policy.params.parse({ ...kept, ...efficiencies, intervals: false });
    const replay = policy.create(params, {
      meta: { blockTokens: null, uniqueBlocks: null, arrivalSorted: true },
      profiles,
      seed: 1,
      seriesPoints: 2,
    });
    replay.feed(columns);
    const { metrics } = replay.finish();
    const tpot = metrics.tpot_p50_seconds.value;
    return {
      ttftSeconds: Number(metrics.ttft_p50_seconds.value ?? Infinity),
      tpotSeconds: tpot === null ? null : Number(tpot),
    };
  });
  if (!Number.isFinite(fit.outcome.ttftSeconds)) {
    throw dataError(
      `--fit: no request of ${path} fits into the GPU blocks of an instance, so no time can be fitted`,
      "check --gpu-blocks and the size of the trace's blocks",
    );
  }
  const { prefillEfficiency, bandwidthEfficiency } = fit;
  return {
    params: { prefillEfficiency, bandwidthEfficiency, intervals: false },
    note: noteOf(path, fit, benchmark),
  };
}
