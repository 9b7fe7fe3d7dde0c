import type { RequestColumns } from "../src/model/trace/requests.ts";
import { createMinHeap } from "../src/replay/shared/min_heap.ts";
import { createRandom } from "../src/stats/random.ts";

/** What a generated stream of chat requests looks like. */
export interface ChatStream {
  readonly requests: number;
  readonly blockTokens: number;
  /** Distinct block ids of the whole stream, an upper bound known beforehand. */
  readonly uniqueBlocks: number;
  /** Requests a second of the arrivals. */
  readonly rate: number;
}

const BATCH = 65_536;
/** Conversations that go on at the same time; one that ends makes room for the next. */
const OPEN_SESSIONS = 4_000;
const MEAN_TURNS = 5;
const SYSTEM_PROMPTS = 16;
const SYSTEM_TOKENS = 1_024;
const LONGEST_CONTEXT = 16_384;

/**
 * Chat requests in order of arrival, a batch at a time, so that any number of them fits in memory: a
 * turn's prompt is the conversation so far, sessions share system prompts. Block ids of ended sessions are
 * used again once `uniqueBlocks` is reached, as new content (their old blocks are then long evicted).
 */
export function* chatStream(spec: ChatStream): Generator<RequestColumns> {
  const { blockTokens, uniqueBlocks } = spec;
  const random = createRandom(7);
  const systemBlocks = Math.floor(SYSTEM_TOKENS / blockTokens);
  const shared = SYSTEM_PROMPTS * systemBlocks;
  let nextId = shared;
  const takeId = (): number => {
    const id = nextId++;
    if (nextId === uniqueBlocks) nextId = shared;
    return id;
  };
  const gap = OPEN_SESSIONS / spec.rate;
  const due = createMinHeap();
  const open = Array.from({ length: OPEN_SESSIONS }, () => ({ turn: 0, tokens: 0, list: [0] }));
  const numbers = new Int32Array(OPEN_SESSIONS);
  let opened = 0;
  const begin = (slot: number): void => {
    const prompt = Math.min(SYSTEM_PROMPTS - 1, Math.floor(random.exponential(3)));
    const list = Array.from({ length: systemBlocks }, (_, k) => prompt * systemBlocks + k);
    open[slot] = { turn: 0, tokens: SYSTEM_TOKENS, list };
    numbers[slot] = opened++;
  };
  for (let slot = 0; slot < OPEN_SESSIONS; slot++) {
    begin(slot);
    due.push(random.exponential(gap), slot);
  }
  for (let done = 0; done < spec.requests;) {
    const count = Math.min(BATCH, spec.requests - done);
    const ids: number[] = [];
    const batch = {
      kind: "requests" as const,
      count,
      arrivalNs: new Float64Array(count),
      inputTokens: new Uint32Array(count),
      outputTokens: new Uint32Array(count),
      session: new Int32Array(count),
      turn: new Int32Array(count),
      thinkNs: new Float64Array(count).fill(NaN),
      blockOffsets: new Uint32Array(count + 1),
    };
    for (let i = 0; i < count; i++) {
      const at = due.peekKey();
      const slot = due.pop();
      const session = open[slot];
      session.tokens += 20 + Math.floor(random.exponential(180));
      const output = 10 + Math.floor(random.exponential(200));
      const wanted = Math.ceil(session.tokens / blockTokens);
      while (session.list.length < wanted) session.list.push(takeId());
      for (const id of session.list) ids.push(id);
      batch.arrivalNs[i] = Math.round(at * 1e9);
      batch.inputTokens[i] = session.tokens;
      batch.outputTokens[i] = output;
      batch.session[i] = numbers[slot];
      batch.turn[i] = session.turn++;
      batch.blockOffsets[i + 1] = ids.length;
      session.list.length = Math.floor(session.tokens / blockTokens);
      session.tokens += output;
      if (session.tokens > LONGEST_CONTEXT || random.float() < 1 / MEAN_TURNS) begin(slot);
      due.push(at + random.exponential(gap), slot);
    }
    yield { ...batch, blockIds: Uint32Array.from(ids) };
    done += count;
  }
}
