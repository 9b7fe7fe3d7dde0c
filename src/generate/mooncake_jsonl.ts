import type { GeneratedRequest } from "./requests.ts";

/**
 * A request as a line of Mooncake JSONL: `timestamp` (ms), `input_length`, `output_length`, `hash_ids`, and
 * `session_id` and `delay` (ms of think time) for closed-loop replays.
 */
export function mooncakeLine(request: GeneratedRequest): string {
  return JSON.stringify({
    timestamp: request.arrivalMs,
    input_length: request.inputTokens,
    output_length: request.outputTokens,
    hash_ids: request.blocks,
    session_id: `s${request.session}`,
    ...(request.thinkMs === null ? {} : { delay: request.thinkMs }),
  });
}
