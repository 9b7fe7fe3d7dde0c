import { divideSlack, type KvEngine } from "./kv_loop.ts";
import type { Element, RadixEviction, RadixNode } from "./radix_tree.ts";
import { RadixTree } from "./radix_tree.ts";
import { PrefixKeys } from "./prefix_keys.ts";

export interface PrefixSetup {
  /** KV slots (tokens) of the pool. */
  readonly slots: number;
  /** Tokens that are handed out at once. */
  readonly pageTokens: number;
  /** Tokens of a block of the trace; null when it has none. */
  readonly traceBlockTokens: number | null;
  readonly eviction: RadixEviction;
  readonly wholeLeaves: boolean;
  /** Admit only what can end without taking memory from others (TensorRT-LLM's default). */
  readonly guaranteed: boolean;
  readonly maxRunning: number;
}

interface Running {
  readonly index: number;
  readonly prompt: number;
  readonly output: number;
  readonly key: readonly Element[];
  /** Last node of the path that the request keeps from being evicted. */
  node: RadixNode | null;
  /** Tokens of its prompt that lie in the tree. */
  shared: number;
  /** Tokens whose KV is its own: what it generated. */
  own: number;
  done: number;
}

/** First-come scheduling over a radix tree of prefixes; who was admitted last gives way when memory ends. */
export class PrefixScheduler implements KvEngine {
  readonly tree: RadixTree;
  readonly keys: PrefixKeys;
  readonly #setup: PrefixSetup;
  readonly #running: Running[] = [];
  readonly #waiting: Running[] = [];
  readonly #tell: ((line: { [key: string]: number | number[] }) => void) | undefined;
  /** Pages of running requests outside the tree. */
  #ownSlots = 0;
  #steps = 0;
  preemptions = 0;
  recomputedTokens = 0;
  queriedTokens = 0;
  hitTokens = 0;

  constructor(
    setup: PrefixSetup,
    tell?: (line: { [key: string]: number | number[] }) => void,
  ) {
    this.#setup = setup;
    this.#tell = tell;
    this.tree = new RadixTree(setup.eviction, setup.wholeLeaves);
    this.keys = new PrefixKeys(setup.pageTokens, setup.traceBlockTokens);
  }

  get pending(): number {
    return this.#running.length + this.#waiting.length;
  }

  get used(): number {
    return this.tree.tokens + this.#ownSlots;
  }

  #paged(tokens: number): number {
    return this.keys.paged(tokens);
  }

  fits(prompt: number, output: number): boolean {
    // The last token is emitted without its KV being written; prompt and output are paged apart.
    return this.#paged(prompt) + this.#paged(output) + this.#setup.pageTokens <= this.#setup.slots;
  }

  add(index: number, prompt: number, output: number, blocks: Uint32Array | null): void {
    this.#waiting.push({
      index,
      prompt,
      output,
      key: this.keys.of(prompt, blocks),
      node: null,
      shared: 0,
      own: 0,
      done: 0,
    });
  }

  /** Makes room for slots, from what is free and then from the cache. */
  #room(slots: number): boolean {
    const missing = slots - (this.#setup.slots - this.used);
    if (missing <= 0) return true;
    if (missing > this.tree.evictable) return false;
    this.tree.evict(missing);
    return true;
  }

  /** What the running requests may still write. */
  #promised(): number {
    return this.#running.reduce((n, r) => n + this.#paged(r.output) - this.#paged(r.own), 0);
  }

  step(): void {
    for (const r of [...this.#running]) {
      if (!this.#running.includes(r)) continue;
      const more = this.#paged(r.own + 1) - this.#paged(r.own);
      while (more > 0 && this.#running.includes(r) && !this.#room(more)) {
        this.#preempt(this.#running[this.#running.length - 1]);
      }
      if (!this.#running.includes(r)) continue;
      this.#ownSlots += more;
      r.own++;
    }
    this.#admit();
    this.#steps++;
    const finished: number[] = [];
    for (const r of [...this.#running]) {
      r.done++;
      if (r.done < r.output) continue;
      this.#finish(r);
      finished.push(r.index);
    }
    this.#tell?.({
      step: this.#steps,
      running: this.#running.map((r) => r.index),
      finished,
      used: this.used,
      cached: this.tree.evictable,
      hit_tokens: this.hitTokens,
      query_tokens: this.queriedTokens,
      evicted_tokens: this.tree.evictedTokens,
      preemptions: this.preemptions,
    });
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#running.length < this.#setup.maxRunning) {
      const next = this.#waiting[0];
      const found = this.tree.match(next.key);
      // Locked before room is made, so that what was found is not what goes.
      this.tree.lock(found.node);
      const total = next.key.reduce((n, e) => n + e.tokens, 0);
      const need = total - found.tokens + this.#paged(next.done);
      const later = this.#setup.guaranteed
        ? this.#promised() + this.#paged(next.output) - this.#paged(next.done)
        : this.#setup.pageTokens;
      const left = this.#setup.slots - this.used + this.tree.evictable;
      if (need + later > left || !this.#room(need)) {
        this.tree.unlock(found.node);
        return;
      }
      this.#waiting.shift();
      this.queriedTokens += next.prompt + next.done;
      // At least the last token is computed, with the page that it is in.
      const page = this.#setup.pageTokens;
      const most = Math.floor((next.prompt + next.done - 1) / page) * page;
      this.hitTokens += Math.min(next.prompt, most, found.tokens);
      const { node } = this.tree.insert(next.key);
      this.tree.lock(node);
      this.tree.unlock(found.node);
      next.node = node;
      next.shared = total;
      next.own = next.done;
      this.#ownSlots += this.#paged(next.own);
      this.#running.push(next);
    }
  }

  #preempt(victim: Running): void {
    this.preemptions++;
    this.recomputedTokens += victim.prompt + victim.own;
    this.#ownSlots -= this.#paged(victim.own);
    this.tree.unlock(victim.node!);
    victim.node = null;
    victim.own = 0;
    this.#running.splice(this.#running.indexOf(victim), 1);
    this.#waiting.unshift(victim);
  }

  /** The generated tokens join the tree behind the prompt. */
  #finish(r: Running): void {
    this.#running.splice(this.#running.indexOf(r), 1);
    this.#ownSlots -= this.#paged(r.own);
    this.tree.insert(r.own > 0 ? [...r.key, this.keys.own(r.own)] : r.key);
    this.tree.unlock(r.node!);
  }

  moment() {
    let [own, slack, reserved] = [0, 0, 0];
    for (const r of this.#running) {
      own += r.own;
      const rest = this.#paged(r.own) - r.own;
      slack += rest;
      reserved += divideSlack(rest, r.output - r.own).reserved;
    }
    const locked = this.tree.tokens - this.tree.evictable;
    return {
      token: locked + own,
      reserved,
      internal: slack - reserved,
      held: locked + own + slack,
      batch: this.#running.length,
    };
  }
}
