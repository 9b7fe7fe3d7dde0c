/** How many KV slots a contiguous allocator reserves for a request. */
export type Reservation = "max" | "pow2" | "oracle";

/**
 * Slots reserved for a request of `prompt` tokens that will give `output` more, when a context may have
 * `limit` tokens (FasterTransformer reserves the limit; Orca's variants as the vLLM paper, section 6.1,
 * names them).
 */
export function reservedSlots(
  kind: Reservation,
  prompt: number,
  output: number,
  limit: number,
): number {
  if (kind === "max") return limit;
  if (kind === "oracle") return prompt + output;
  return Math.min(limit, prompt + 2 ** Math.ceil(Math.log2(Math.max(1, output))));
}
