import { messageOf } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import { eachTextLine } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { placeError } from "../place.ts";
import { type PlainRequest, plainRequestTrace, tokenCount } from "../plain_requests.ts";

type Loose = Record<string, unknown>;
const record = (value: unknown): Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as Loose : {};

function detect(head: ImportHead): number {
  const line = head.text.replace(/^\uFEFF/, "").split("\n", 1)[0];
  return /^\s*\{/.test(line) && /"metadata"\s*:/.test(line) && /"request_start_ns"\s*:/.test(line)
    ? 0.97
    : 0;
}

/** A metric is a number, or `{value, unit}`. */
function metricOf(metrics: Loose, ...names: string[]): { value: unknown; unit: string | null } {
  for (const name of names) {
    const metric = metrics[name];
    if (metric === undefined || metric === null) continue;
    if (typeof metric !== "object") return { value: metric, unit: null };
    const { value, unit } = record(metric);
    return { value, unit: typeof unit === "string" ? unit : null };
  }
  return { value: undefined, unit: null };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, sec: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };

async function read(input: ImportInput) {
  const requests: PlainRequest[] = [];
  let failed = 0;
  let warmUp = 0;
  await eachTextLine(input, (text, line) => {
    let entry: Loose;
    try {
      entry = JSON.parse(text);
    } catch (error) {
      throw placeError(input.label, line, 1, `not valid JSON: ${messageOf(error)}`);
    }
    const metadata = record(entry.metadata);
    const metrics = record(entry.metrics);
    if (metadata.benchmark_phase === "warmup") {
      warmUp++;
      return;
    }
    if ((entry.error !== null && entry.error !== undefined) || metadata.was_cancelled === true) {
      failed++;
      return;
    }
    const start = metadata.request_start_ns;
    if (typeof start !== "number") {
      throw placeError(input.label, line, 1, '"request_start_ns" is no number');
    }
    const where = `${input.label}:${line}: `;
    const ttft = metricOf(metrics, "time_to_first_token", "ttft");
    const session = metadata.conversation_id ?? metadata.x_correlation_id ?? null;
    const turn = metadata.turn_index;
    requests.push({
      seconds: start / 1e9,
      inputTokens: tokenCount(
        metricOf(metrics, "input_sequence_length", "usage_prompt_tokens").value,
        `${where}input_sequence_length`,
      ),
      outputTokens: tokenCount(
        metricOf(metrics, "output_sequence_length", "output_token_count", "usage_completion_tokens")
          .value,
        `${where}output_sequence_length`,
      ),
      session: session === null ? null : String(session),
      turn: typeof turn === "number" ? turn : null,
      ttftSeconds: typeof ttft.value === "number"
        ? ttft.value * (SECONDS[ttft.unit ?? "ms"] ?? 1e-3)
        : null,
    });
  });
  return await plainRequestTrace(input, "aiperf", requests, [
    ...(failed === 0 ? [] : [`${counted(failed, "failed or cancelled request")} dropped`]),
    ...(warmUp === 0 ? [] : [`${counted(warmUp, "request")} of the warm-up dropped`]),
  ]);
}

export const format: Importer<"requests"> = {
  name: "aiperf",
  kind: "requests",
  summary: "profile_export.jsonl of aiperf: a record a request with its start and lengths",
  reference: "ai-dynamo/aiperf, docs/tutorials/working-with-profile-exports.md",
  detect,
  read,
};
