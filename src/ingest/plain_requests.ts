import { dataError } from "../model/errors.ts";
import type { Trace } from "../model/trace/trace.ts";
import type { ImportInput } from "./importer.ts";
import { RequestBuilder } from "./request_builder.ts";

/** A request of a benchmark's log: seconds on any clock, lengths, and the conversation it belongs to. */
export interface PlainRequest {
  readonly seconds: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly session: string | null;
  readonly turn: number | null;
  /** Seconds to the first token; null where the log has none. */
  readonly ttftSeconds: number | null;
}

/** A count of tokens, or the error for its place. */
export function tokenCount(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
    return value;
  }
  // Some tools write whole numbers with a fraction of zero, or as text.
  const number = typeof value === "string" ? Number(value) : NaN;
  if (Number.isInteger(number) && number >= 0 && number < 2 ** 32) return number;
  throw dataError(`${where} is ${JSON.stringify(value) ?? "missing"}, expected a count of tokens`);
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
}

/**
 * A trace of requests in the order of their starts; benchmarks write in the order of their ends.
 *
 * @throws data error when there is none.
 */
export async function plainRequestTrace(
  input: ImportInput,
  format: string,
  requests: readonly PlainRequest[],
  notes: readonly string[],
): Promise<Trace<"requests">> {
  if (requests.length === 0) {
    throw dataError(`${input.label}: no finished request in it`, "nothing was stored");
  }
  const sorted = requests.toSorted((a, b) => a.seconds - b.seconds);
  const first = sorted[0].seconds;
  const sessions = new Map<string, number>();
  const builder = new RequestBuilder(false);
  const none = new Uint32Array(0);
  for (const { seconds, inputTokens, outputTokens, session, turn } of sorted) {
    let number = -1;
    if (session !== null) {
      number = sessions.get(session) ?? sessions.size;
      sessions.set(session, number);
    }
    builder.add(
      {
        arrivalNs: Math.round((seconds - first) * 1e9),
        inputTokens,
        outputTokens,
        session: number,
        turn: turn ?? -1,
        thinkNs: NaN,
      },
      none,
      0,
    );
  }
  const ttft = requests.map((r) => r.ttftSeconds).filter((t) => t !== null).sort((a, b) => a - b);
  return {
    kind: "requests",
    name: input.label,
    format,
    sha256: await input.sha256(),
    rows: builder.rows,
    meta: { blockTokens: null, uniqueBlocks: null, arrivalSorted: true },
    notes: [
      ...notes,
      ...(ttft.length === 0 ? [] : [
        `measured time to first token: half within ${quantile(ttft, 0.5).toFixed(3)} s, ` +
        `99 % within ${quantile(ttft, 0.99).toFixed(3)} s`,
      ]),
      "prompts and answers were dropped",
    ],
    ...(ttft.length === 0
      ? {}
      : { measuredTtftSeconds: Float64Array.from(sorted, (r) => r.ttftSeconds ?? NaN) }),
    batches: () => builder.batches(),
  };
}
