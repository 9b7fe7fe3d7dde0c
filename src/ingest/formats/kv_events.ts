import { dataError, messageOf } from "../../model/errors.ts";
import { DenseIds } from "../dense_ids.ts";
import { eachTextLine } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { placeError } from "../place.ts";
import { RequestBuilder } from "../request_builder.ts";

type Loose = Record<string, unknown>;

interface OpenRequest {
  arrivalNs: number;
  /** Blocks of the prefix that was there before, then those that were stored. */
  blocks: number[];
  tokens: number;
}

/** A chain of stores goes on for this long before its end counts as the request's. */
const QUIET_SECONDS = 60;

function detect(head: ImportHead): number {
  return /^\uFEFF?\s*\{"schema":\s*"spillway\/kv-events\//.test(head.text) ? 0.99 : 0;
}

/**
 * Puts stores together to requests: the first store of a request names the last block of the prefix it found
 * as its parent; later ones (decoding fills another block) name the block before. Prefixes are followed up
 * through all stores seen so far.
 */
class RequestChains {
  readonly ids = new DenseIds();
  readonly builder = new RequestBuilder(true);
  readonly #parents = new Map<string, string | null>();
  readonly #open = new Map<string, OpenRequest>();
  #scratch = new Uint32Array(1024);
  blockTokens = 0;
  cutPrefixes = 0;

  store(
    seconds: number,
    hashes: readonly string[],
    parent: string | null,
    blockTokens: number,
  ): void {
    this.blockTokens ||= blockTokens;
    hashes.forEach((hash, i) => this.#parents.set(hash, i === 0 ? parent : hashes[i - 1]));
    const going = parent === null ? undefined : this.#open.get(parent);
    const request = going ?? { arrivalNs: seconds * 1e9, blocks: this.#prefix(parent), tokens: 0 };
    for (const hash of hashes) request.blocks.push(this.ids.of(hash));
    request.tokens = request.blocks.length * blockTokens;
    if (parent !== null) this.#open.delete(parent);
    const last = hashes.at(-1);
    // Two requests that end in the same block: the older one is finished.
    if (last !== undefined) {
      const twin = this.#open.get(last);
      if (twin !== undefined && twin !== request) this.#finish(twin);
      this.#open.set(last, request);
    }
    this.#sweep(seconds);
  }

  #prefix(parent: string | null): number[] {
    const chain: number[] = [];
    let at = parent;
    while (at !== null) {
      chain.push(this.ids.of(at));
      const above = this.#parents.get(at);
      if (above === undefined) {
        this.cutPrefixes++;
        break;
      }
      at = above;
    }
    return chain.reverse();
  }

  #sweep(seconds: number): void {
    for (const [last, request] of this.#open) {
      // The map keeps the order of insertion: those at the front began first.
      if (seconds - request.arrivalNs / 1e9 < QUIET_SECONDS) return;
      this.#open.delete(last);
      this.#finish(request);
    }
  }

  readonly #finished: OpenRequest[] = [];

  #finish(request: OpenRequest): void {
    this.#finished.push(request);
  }

  end(): void {
    for (const request of this.#open.values()) this.#finish(request);
    this.#finished.sort((a, b) => a.arrivalNs - b.arrivalNs);
    const first = this.#finished[0]?.arrivalNs ?? 0;
    for (const { arrivalNs, blocks, tokens } of this.#finished) {
      if (blocks.length > this.#scratch.length) this.#scratch = new Uint32Array(2 * blocks.length);
      this.#scratch.set(blocks);
      this.builder.add(
        {
          arrivalNs: Math.round(arrivalNs - first),
          inputTokens: tokens,
          outputTokens: 0,
          session: -1,
          turn: -1,
          thinkNs: NaN,
        },
        this.#scratch,
        blocks.length,
      );
    }
  }
}

function namesOf(value: unknown, where: () => Error): string[] {
  if (!Array.isArray(value) || value.some((name) => typeof name !== "string")) throw where();
  return value as string[];
}

async function read(input: ImportInput) {
  const chains = new RequestChains();
  const counts = { stored: 0, removed: 0, cleared: 0, gap: 0 };
  let lost = 0;
  let scrubbed: unknown = null;
  await eachTextLine(input, (text, line) => {
    const wrong = (message: string) => placeError(input.label, line, 1, message);
    let entry: Loose;
    try {
      entry = JSON.parse(text);
    } catch (error) {
      throw wrong(`not valid JSON: ${messageOf(error)}`);
    }
    if (line === 1) {
      scrubbed = entry.scrubbed;
      return;
    }
    const seconds = entry.t;
    if (typeof seconds !== "number" || !Number.isFinite(seconds)) {
      throw wrong('"t" is no time in seconds');
    }
    switch (entry.event) {
      case "stored": {
        const tokens = entry.blockTokens;
        if (typeof tokens !== "number" || !Number.isInteger(tokens) || tokens <= 0) {
          throw wrong(`"blockTokens" is ${String(tokens)}, expected a positive integer`);
        }
        const parent = entry.parent === null ? null : String(entry.parent);
        const hashes = namesOf(entry.hashes, () => wrong('"hashes" is no list of names'));
        counts.stored += hashes.length;
        chains.store(seconds, hashes, parent, tokens);
        return;
      }
      case "removed":
        counts.removed += namesOf(entry.hashes, () => wrong('"hashes" is no list of names')).length;
        return;
      case "cleared":
        counts.cleared++;
        return;
      case "gap":
        counts.gap++;
        lost += Number(entry.to) - Number(entry.from) + 1;
        return;
      default:
        throw wrong(`the event "${String(entry.event)}" is not known`);
    }
  });
  chains.end();
  if (chains.builder.rows === 0) {
    throw dataError(
      `${input.label}: no block was stored while it was recorded`,
      "nothing was stored",
    );
  }
  return {
    kind: "requests" as const,
    name: input.label,
    format: "kv-events",
    sha256: await input.sha256(),
    rows: chains.builder.rows,
    meta: {
      blockTokens: chains.blockTokens,
      uniqueBlocks: chains.ids.next,
      arrivalSorted: true,
    },
    notes: [
      `${counts.stored} blocks stored, ${counts.removed} removed, ${counts.cleared} times all cleared`,
      "events show stores, not hits: a request that found all its blocks is not among the rows",
      ...(scrubbed === true ? ["names of blocks were salted and hashed when they arrived"] : []),
      ...(lost === 0
        ? []
        : [`${lost} messages were lost in ${counts.gap} gaps: the trace is partial`]),
      ...(chains.cutPrefixes === 0
        ? []
        : [`${chains.cutPrefixes} prefixes begin with blocks stored before the recording`]),
    ],
    batches: () => chains.builder.batches(),
  };
}

export const format: Importer<"requests"> = {
  name: "kv-events",
  kind: "requests",
  summary:
    "KV events of a serving engine as record --kv-events keeps them: a request a chain of stores",
  reference: "vllm-project/vllm, vllm/distributed/kv_events.py",
  detect,
  read,
};
