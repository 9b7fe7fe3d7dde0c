/**
 * A batch of LLM serving requests, one column an attribute; row `i` is one request, in file order.
 * Block ids are dense (0, 1, 2, ... in order of first appearance in the whole trace), so replays can
 * index typed arrays by them. The same prefix content has the same id, whatever the request.
 */
export interface RequestColumns {
  readonly kind: "requests";
  readonly count: number;
  /**
   * Integer nanoseconds from the start of the trace. Not descending, but for traces of sessions: there only
   * within a session, and where sessions share no clock (WEKA) each starts at 0 by itself.
   */
  readonly arrivalNs: Float64Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
  /** Dense session number, -1 where the trace has none. */
  readonly session: Int32Array;
  /** Turn within the session, 0 first; -1 where unknown. */
  readonly turn: Int32Array;
  /**
   * Think time: nanoseconds between the end of the previous request of the session and this one;
   * NaN where unknown (then the arrival is used).
   */
  readonly thinkNs: Float64Array;
  /** Start of each request's blocks in `blockIds`, length count + 1; null when the trace has no blocks. */
  readonly blockOffsets: Uint32Array | null;
  readonly blockIds: Uint32Array | null;
}

/** What a request trace says about itself. */
export interface RequestTraceMeta {
  /** Tokens a block of the trace covers (512 in Mooncake, 64 in WEKA); null without blocks. */
  readonly blockTokens: number | null;
  /** Number of distinct block ids; null without blocks. */
  readonly uniqueBlocks: number | null;
  /** True when arrivals never go back over the whole trace; then replays stream it. Unknown when absent. */
  readonly arrivalSorted?: boolean;
}
