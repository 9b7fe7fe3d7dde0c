import { dataError, messageOf } from "../../model/errors.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAllText } from "../input.ts";
import { type PlainRequest, plainRequestTrace, tokenCount } from "../plain_requests.ts";

type Loose = Record<string, unknown>;

function detect(head: ImportHead): number {
  return /^\uFEFF?\s*\{/.test(head.text) &&
      /"(input_lens|total_input_tokens)"\s*:/.test(head.text) &&
      /"(output_lens|request_throughput|ttfts)"\s*:/.test(head.text)
    ? 0.96
    : 0;
}

const list = (value: unknown): readonly unknown[] | null => Array.isArray(value) ? value : null;

/** Without start times requests are spread evenly over the duration, at the rate that was measured. */
function startsOf(top: Loose, rows: number): { starts: number[]; assumed: boolean } {
  const starts = list(top.start_times);
  if (starts !== null && starts.every((s) => typeof s === "number" && Number.isFinite(s))) {
    return { starts: starts as number[], assumed: false };
  }
  const duration = typeof top.duration === "number" && top.duration > 0 ? top.duration : 0;
  return { starts: Array.from({ length: rows }, (_, i) => i * duration / rows), assumed: true };
}

async function read(input: ImportInput) {
  let top: Loose;
  try {
    top = JSON.parse(await readAllText(input));
  } catch (error) {
    throw dataError(`${input.label}: not valid JSON: ${messageOf(error)}`, "fetch the file again");
  }
  const inputs = list(top.input_lens);
  const outputs = list(top.output_lens);
  if (inputs === null || outputs === null) {
    throw dataError(
      `${input.label}: only totals, no request by itself (input_lens and output_lens are missing)`,
      "run vllm bench serve with --save-result --save-detailed",
    );
  }
  const ttfts = list(top.ttfts);
  const errors = list(top.errors);
  for (
    const [name, other] of [["output_lens", outputs], ["ttfts", ttfts], [
      "start_times",
      list(top.start_times),
    ]] as const
  ) {
    if (other !== null && other.length !== inputs.length) {
      throw dataError(`${input.label}: ${inputs.length} input_lens, but ${other.length} ${name}`);
    }
  }
  const { starts, assumed } = startsOf(top, inputs.length);
  let failed = 0;
  const requests = inputs.flatMap((value, i): PlainRequest[] => {
    // A request that failed has an error text and no output.
    if (typeof errors?.[i] === "string" && errors[i] !== "") {
      failed++;
      return [];
    }
    const ttft = ttfts?.[i];
    return [{
      seconds: starts[i],
      inputTokens: tokenCount(value, `${input.label}: input_lens[${i}]`),
      outputTokens: tokenCount(outputs[i], `${input.label}: output_lens[${i}]`),
      session: null,
      turn: null,
      ttftSeconds: typeof ttft === "number" && ttft > 0 ? ttft : null,
    }];
  });
  return await plainRequestTrace(input, "vllm-bench", requests, [
    ...(typeof top.model_id === "string" ? [`model ${top.model_id}`] : []),
    ...(assumed
      ? ["the result has no start times: arrivals are spread evenly over its duration"]
      : []),
    ...(failed === 0 ? [] : [`${failed} failed requests were dropped`]),
  ]);
}

export const format: Importer<"requests"> = {
  name: "vllm-bench",
  kind: "requests",
  summary: "result of vllm bench serve (also SGLang's bench_serving) with --save-detailed",
  reference: "vllm-project/vllm, vllm/benchmarks/serve.py",
  detect,
  read,
};
