import { dataError, messageOf } from "../model/errors.ts";

/** What a serving benchmark's result says of the requests it sent and how long they took. */
export interface ServingBenchmark {
  /** In order of arrival. */
  readonly requests: readonly {
    readonly at: number;
    readonly input: number;
    readonly output: number;
    /** Measured seconds to its first token and per further one; null where the file has no single times. */
    readonly ttft: number | null;
    readonly tpot: number | null;
  }[];
  /** Median seconds to the first token, and per further token; null where not given. */
  readonly ttftSeconds: number | null;
  readonly tpotSeconds: number | null;
  /** What the file does not say, with what is taken instead. */
  readonly assumed: readonly string[];
}

type Loose = { readonly [key: string]: unknown };

const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;

function numbers(value: unknown): number[] | null {
  return Array.isArray(value) && value.every((v) => typeof v === "number" && v >= 0) ? value : null;
}

/** Mean gap between the tokens of each request, from their lists of gaps. */
function meanGaps(value: unknown, outputs: readonly number[]): (number | null)[] {
  const lists = Array.isArray(value) && value.length === outputs.length ? value : [];
  return outputs.map((output, i) => {
    const gaps = numbers(lists[i]);
    // Several tokens may come in one gap, so the gaps are spread over the tokens.
    return gaps === null || output < 2 ? null : gaps.reduce((sum, v) => sum + v, 0) / (output - 1);
  });
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length / 2) - 1];
}

/** Arrivals of requests whose starts are not in the file. */
function arrivals(
  count: number,
  given: { starts: number[] | null; rate: unknown; duration: number | null; concurrency: unknown },
): { at: number[]; assumed: string | null } {
  const { starts, rate, duration, concurrency } = given;
  if (starts !== null && starts.length === count) {
    const first = Math.min(...starts);
    return { at: starts.map((s) => s - first), assumed: null };
  }
  const perSecond = number(rate);
  if (perSecond !== null && perSecond > 0) {
    const at = Array.from({ length: count }, (_, i) => i / perSecond);
    return { at, assumed: `arrivals evenly at ${perSecond} a second` };
  }
  if (number(concurrency) === null || duration === null) {
    return {
      at: new Array(count).fill(0),
      assumed: "all requests at once (no rate, no concurrency)",
    };
  }
  const at = Array.from({ length: count }, (_, i) => i * duration / count);
  return { at, assumed: "arrivals evenly over the benchmark's duration" };
}

/** `vllm bench serve` (and SGLang's bench_serving): per request with --save-detailed, else totals. */
function vllm(json: Loose, label: string): ServingBenchmark {
  const assumed: string[] = [];
  const detailed = numbers(json.input_lens);
  const completed = number(json.completed) ?? detailed?.length ?? 0;
  let inputs = detailed;
  let outputs = numbers(json.output_lens);
  const errors = Array.isArray(json.errors) ? json.errors : [];
  if (inputs === null || outputs === null || inputs.length !== outputs.length) {
    const [totalIn, totalOut] = [number(json.total_input_tokens), number(json.total_output_tokens)];
    if (completed < 1 || totalIn === null || totalOut === null) {
      throw dataError(
        `${label}: neither input_lens and output_lens nor completed and the total tokens are in it`,
        "use the result file of vllm bench serve --save-result",
      );
    }
    inputs = new Array(completed).fill(Math.max(1, Math.round(totalIn / completed)));
    outputs = new Array(completed).fill(Math.max(1, Math.round(totalOut / completed)));
    assumed.push("every request of the mean length");
  }
  const ended = inputs.map((_, i) => i).filter((i) =>
    !(typeof errors[i] === "string" && errors[i] !== "")
  );
  const ttfts = numbers(json.ttfts);
  const milliseconds = (key: string) => {
    const value = number(json[key]);
    return value === null ? null : value / 1e3;
  };
  const starts = numbers(json.start_times);
  const { at, assumed: how } = arrivals(inputs.length, {
    starts,
    rate: json.request_rate,
    duration: number(json.duration),
    concurrency: json.max_concurrency,
  });
  if (how !== null) assumed.push(how);
  // Times of single requests say something together with their own arrivals and lengths only.
  const single = detailed !== null && assumed.length === 0;
  const gaps = meanGaps(json.itls, outputs);
  return {
    requests: ended.map((i) => ({
      at: at[i],
      input: inputs[i],
      output: outputs[i],
      ttft: single && ttfts !== null ? ttfts[i] : null,
      tpot: single ? gaps[i] : null,
    })).toSorted((a, b) => a.at - b.at),
    ttftSeconds: milliseconds("median_ttft_ms") ??
      (ttfts === null ? milliseconds("mean_ttft_ms") : median(ended.map((i) => ttfts[i]))),
    tpotSeconds: milliseconds("median_tpot_ms") ?? milliseconds("median_itl_ms") ??
      milliseconds("mean_tpot_ms"),
    assumed,
  };
}

/** aiperf and genai-perf: a summary with a statistic a metric. */
function aiperf(json: Loose, label: string): ServingBenchmark {
  const statistic = (names: readonly string[], keys: readonly string[]): number | null => {
    for (const name of names) {
      const metric = json[name] as Loose | undefined;
      for (const key of keys) {
        const value = number(metric?.[key]);
        if (value === null) continue;
        return metric!.unit === "ms" ? value / 1e3 : metric!.unit === "us" ? value / 1e6 : value;
      }
    }
    return null;
  };
  const count = statistic(["request_count"], ["avg"]);
  const input = statistic(["input_sequence_length"], ["avg"]);
  const output = statistic(["output_sequence_length"], ["avg"]);
  const rate = statistic(["request_throughput"], ["avg"]);
  if (count === null || input === null || output === null || count < 1) {
    throw dataError(
      `${label}: request_count, input_sequence_length and output_sequence_length are needed`,
      "use aiperf's profile_export_aiperf.json or the result of vllm bench serve",
    );
  }
  const { at, assumed } = arrivals(count, {
    starts: null,
    rate,
    duration: null,
    concurrency: null,
  });
  return {
    requests: at.map((t) => ({
      at: t,
      input: Math.round(input),
      output: Math.max(1, Math.round(output)),
      ttft: null,
      tpot: null,
    })),
    ttftSeconds: statistic(["time_to_first_token"], ["p50", "avg"]),
    tpotSeconds: statistic(["inter_token_latency"], ["p50", "avg"]),
    assumed: ["every request of the mean length", ...(assumed === null ? [] : [assumed])],
  };
}

/**
 * Reads the JSON of a serving benchmark: vllm bench serve or aiperf.
 *
 * @throws data error when it is neither, or says neither a time to first token nor a time per token.
 */
export function parseServingBenchmark(text: string, label: string): ServingBenchmark {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${label}: not valid JSON: ${messageOf(error)}`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw dataError(`${label}: expected the JSON object of a benchmark's result`);
  }
  const loose = json as Loose;
  const benchmark = "time_to_first_token" in loose || "inter_token_latency" in loose
    ? aiperf(loose, label)
    : vllm(loose, label);
  if (benchmark.requests.length === 0) throw dataError(`${label}: no request ended`);
  if (benchmark.ttftSeconds === null && benchmark.tpotSeconds === null) {
    throw dataError(`${label}: it has neither a time to first token nor a time per output token`);
  }
  return benchmark;
}
