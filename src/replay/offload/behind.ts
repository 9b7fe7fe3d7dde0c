import type { Sequence } from "./request.ts";

/** Tokens of a prompt that another one, started before, still has to load or compute. */
export interface Behind {
  readonly sequence: Sequence;
  /** Tokens both prompts share from their start: so many the other must have. */
  readonly tokens: number;
}

/** Leading blocks whose KV is there: while loads run, those that GPU memory held at the start. */
function readyBlocks(sequence: Sequence, blockTokens: number): number {
  return sequence.waits.length > 0
    ? sequence.residentBlocks
    : Math.floor(sequence.computed / blockTokens);
}

/**
 * Whom a prompt has to wait for: blocks are found in GPU memory from the moment on that a prompt holds them,
 * which is before that prompt has loaded or computed them. `found` are its leading blocks that were found.
 */
export function behindWhom(
  sequence: Sequence,
  found: number,
  prefilling: readonly Sequence[],
  blockTokens: number,
): Behind[] {
  const behind: Behind[] = [];
  const { ids, from } = sequence.request;
  if (ids === null || found === 0) return behind;
  for (const other of prefilling) {
    const { ids: list, from: first, to } = other.request;
    if (list === null) continue;
    const ready = readyBlocks(other, blockTokens);
    let shared = ready;
    while (shared < found && first + shared < to && list[first + shared] === ids[from + shared]) {
      shared++;
    }
    if (shared === ready) continue;
    behind.push({ sequence: other, tokens: Math.min(shared * blockTokens, other.target) });
  }
  return behind;
}

/** Whether the others will have what is shared once the iteration has run that is being put together. */
export function catchesUp(sequence: Sequence): boolean {
  return sequence.behind.every(({ sequence: other, tokens }) =>
    (other.waits.length === 0 || other.chunk > 0) && other.computed + other.chunk >= tokens
  );
}
