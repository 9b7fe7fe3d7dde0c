import {
  BlockManager,
  type BlockManagerSetup,
  type PagedRequest,
} from "../shared/block_manager.ts";

/** A request in the scheduler. Counts are tokens. */
export interface SchedulerRequest extends PagedRequest {
  readonly id: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Tokens whose KV is written. */
  computed: number;
  /** Tokens that exist: the prompt and what was generated. */
  known: number;
  preemptions: number;
}

export interface SchedulerSetup extends BlockManagerSetup {
  /** Share of the blocks that stays free when a request is admitted beside running ones. */
  readonly watermark: number;
  /** Tokens computed in one step, over all requests. */
  readonly tokenBudget: number;
  readonly maxRunning: number;
  /** Slots beyond the tokens of a step that a request is given, for tokens a draft model proposes. */
  readonly lookaheadTokens: number;
  /** Longest context: nobody is given slots beyond it. */
  readonly maxModelTokens: number;
  /** Whether a request is admitted only when all its tokens fit, not just the chunk of this step. */
  readonly wholeSequence: boolean;
}

export interface StepResult {
  readonly scheduled: readonly (readonly [id: number, tokens: number])[];
  readonly preempted: readonly number[];
  readonly finished: readonly SchedulerRequest[];
}

/**
 * One step after the other of vLLM V1's scheduler with FCFS order: running requests first, the last of them
 * preempted by recomputation when blocks run out, then admission without skipping. A token that a step
 * emits has its KV written in the next step.
 */
export class PagedScheduler {
  readonly manager: BlockManager;
  readonly running: SchedulerRequest[] = [];
  readonly waiting: SchedulerRequest[] = [];
  readonly #setup: SchedulerSetup;
  preemptionCount = 0;
  recomputedTokens = 0;
  queriedTokens = 0;
  hitTokens = 0;

  constructor(setup: SchedulerSetup) {
    this.#setup = setup;
    this.manager = new BlockManager(setup);
  }

  /** @param hashes Chained hashes of all full blocks of prompt and output; empty without prefix caching. */
  add(
    id: number,
    promptTokens: number,
    outputTokens: number,
    hashes: readonly number[] = [],
  ): void {
    this.waiting.push({
      id,
      promptTokens,
      outputTokens,
      hashes,
      table: [],
      cached: 0,
      computed: 0,
      known: promptTokens,
      preemptions: 0,
    });
  }

  /** Whether a request of this size could ever run alone. */
  fits(promptTokens: number, outputTokens: number): boolean {
    const { blocks, blockTokens, maxModelTokens } = this.#setup;
    if (promptTokens + outputTokens > maxModelTokens) return false;
    // The last token is emitted without its KV being written.
    const slots = this.#slots(promptTokens + outputTokens - 1);
    return Math.ceil(slots / blockTokens) <= blocks - 1;
  }

  /** Slots to hold for this many tokens of a request. */
  #slots(tokens: number): number {
    const { lookaheadTokens, maxModelTokens } = this.#setup;
    return Math.min(tokens + lookaheadTokens, maxModelTokens);
  }

  step(): StepResult {
    const scheduled: [number, number][] = [];
    const given: { request: SchedulerRequest; tokens: number }[] = [];
    const preempted: number[] = [];
    let budget = this.#setup.tokenBudget;
    for (let i = 0; i < this.running.length && budget > 0; i++) {
      const request = this.running[i];
      const tokens = Math.min(request.known - request.computed, budget);
      if (!this.#allocateOrPreempt(request, tokens, preempted)) break;
      given.push({ request, tokens });
      budget -= tokens;
    }
    if (preempted.length === 0) budget = this.#admit(budget, given);
    const finished: SchedulerRequest[] = [];
    for (const { request, tokens } of given) {
      scheduled.push([request.id, tokens]);
      request.computed += tokens;
      if (request.computed === request.known) {
        request.known++;
        if (request.known - request.promptTokens === request.outputTokens) finished.push(request);
      }
    }
    for (const request of finished) {
      this.manager.release(request);
      this.running.splice(this.running.indexOf(request), 1);
    }
    return { scheduled, preempted, finished };
  }

  /** Blocks for a running request; preempts from the end until they are there, or the request itself. */
  #allocateOrPreempt(request: SchedulerRequest, tokens: number, preempted: number[]): boolean {
    while (!this.manager.allocate(request, this.#slots(request.computed + tokens))) {
      const victim = this.running.pop()!;
      this.recomputedTokens += victim.computed;
      this.preemptionCount++;
      victim.preemptions++;
      this.manager.release(victim);
      victim.computed = 0;
      this.waiting.unshift(victim);
      preempted.push(victim.id);
      if (victim === request) return false;
    }
    this.manager.cacheFull(request, Math.min(request.computed + tokens, request.known));
    return true;
  }

  #admit(budget: number, given: { request: SchedulerRequest; tokens: number }[]): number {
    const { blockTokens, watermark, blocks, maxRunning, wholeSequence } = this.#setup;
    while (this.waiting.length > 0 && budget > 0 && this.running.length < maxRunning) {
      const request = this.waiting[0];
      const limit = Math.floor((request.known - 1) / blockTokens);
      const hits = this.manager.hits(request.hashes, limit);
      const reused = hits.length * blockTokens;
      const tokens = Math.min(request.known - reused, budget);
      const keep = this.running.length > 0 ? Math.floor(watermark * blocks) : 0;
      if (
        wholeSequence &&
        this.manager.needed(request, request.known, hits) + keep > this.manager.freeBlocks
      ) break;
      if (!this.manager.allocate(request, this.#slots(reused + tokens), hits, keep)) break;
      this.waiting.shift();
      this.queriedTokens += request.known;
      this.hitTokens += reused;
      request.computed = reused;
      this.manager.cacheFull(request, Math.min(reused + tokens, request.known));
      this.running.push(request);
      given.push({ request, tokens });
      budget -= tokens;
    }
    return budget;
  }
}
