import { dataError, messageOf } from "../../model/errors.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAllText } from "../input.ts";
import { type PlainRequest, plainRequestTrace, tokenCount } from "../plain_requests.ts";

type Loose = Record<string, unknown>;
const record = (value: unknown): Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as Loose : {};

function detect(head: ImportHead): number {
  return /^\uFEFF?\s*\{/.test(head.text) && /"benchmarks"\s*:\s*\[/.test(head.text) &&
      /guidellm|"generative_|"request_totals"|"scheduler/.test(head.text)
    ? 0.96
    : 0;
}

const first = (...values: unknown[]) => values.find((v) => v !== undefined && v !== null);
const secondsOf = (value: unknown) =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** One request of either report: before 0.4 its numbers stand at the top, since then in parts. */
function requestOf(request: Loose, where: string): PlainRequest {
  const info = record(first(request.info, request.scheduler_info));
  const timings = record(first(info.timings, info.request_timings, request.timings));
  const inputMetrics = record(request.input_metrics);
  const outputMetrics = record(request.output_metrics);
  const seconds = secondsOf(
    first(
      request.start_time,
      request.request_start_time,
      timings.request_start,
      timings.resolve_start,
    ),
  );
  if (seconds === null) throw dataError(`${where}: no start time`);
  const ttftMs = secondsOf(request.time_to_first_token_ms);
  const firstToken = secondsOf(
    first(request.first_token_time, timings.first_token_iteration, timings.first_iteration),
  );
  return {
    seconds,
    inputTokens: tokenCount(
      first(request.prompt_tokens, inputMetrics.text_tokens, inputMetrics.total_tokens),
      `${where}: prompt_tokens`,
    ),
    outputTokens: tokenCount(
      first(request.output_tokens, outputMetrics.text_tokens, outputMetrics.total_tokens),
      `${where}: output_tokens`,
    ),
    session: null,
    turn: null,
    ttftSeconds: ttftMs !== null
      ? ttftMs / 1000
      : firstToken === null
      ? null
      : firstToken - seconds,
  };
}

async function read(input: ImportInput) {
  let top: Loose;
  try {
    top = JSON.parse(await readAllText(input));
  } catch (error) {
    throw dataError(`${input.label}: not valid JSON: ${messageOf(error)}`, "fetch the file again");
  }
  const benchmarks = Array.isArray(top.benchmarks) ? top.benchmarks.map(record) : [];
  if (benchmarks.length === 0) throw dataError(`${input.label}: no benchmark in it`);
  // A sweep holds several rates: each is a workload of its own, and the last is the fullest.
  const chosen = benchmarks.at(-1)!;
  const groups = record(chosen.requests);
  const successful = Array.isArray(groups.successful)
    ? groups.successful
    : Array.isArray(chosen.requests)
    ? chosen.requests
    : [];
  const requests = successful.map((request, i) =>
    requestOf(record(request), `${input.label}: requests.successful[${i}]`)
  );
  const size = (value: unknown) => Array.isArray(value) ? value.length : 0;
  const dropped = size(groups.errored) + size(groups.incomplete);
  return await plainRequestTrace(input, "guidellm", requests, [
    ...(benchmarks.length === 1
      ? []
      : [`the last of ${benchmarks.length} benchmarks of the sweep`]),
    ...(dropped === 0 ? [] : [`${dropped} failed or unfinished requests were dropped`]),
  ]);
}

export const format: Importer<"requests"> = {
  name: "guidellm",
  kind: "requests",
  summary: "benchmarks.json of GuideLLM: the finished requests of its (last) benchmark",
  reference: "vllm-project/guidellm, src/guidellm/schemas and benchmark/schemas",
  detect,
  read,
};
