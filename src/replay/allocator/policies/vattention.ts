import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { counted } from "../../../model/plural.ts";
import type { Policy, Replay, ReplayContext } from "../../../model/policy.ts";
import type { Profiles } from "../../../model/profiles/profiles.ts";
import { divideSlack, type KvEngine, runKv } from "../kv_loop.ts";
import { KvMeter } from "../kv_meter.ts";
import { kvOutcome } from "../kv_outcome.ts";
import { kvParams, maxRunningParam } from "../kv_params.ts";
import { poolSlots } from "../kv_pool.ts";
import { RequestList } from "../kv_requests.ts";
import { PagePool } from "../page_pool.ts";

const params = z.strictObject({
  ...kvParams,
  ...maxRunningParam,
  page: bytesParam().default(2 * 2 ** 20)
    .describe("page size: 2 MiB, or 64, 128 or 256 KiB with a patched driver"),
  groupTokens: z.number().int().positive().nullable().default(null)
    .describe("tokens of a page in one layer; from the page size and --llm, else 1024"),
  keepFree: z.number().min(0).max(0.9).default(0.01)
    .describe("share of the pages that stays free when a request is admitted"),
  mapAhead: z.boolean().default(false)
    .describe("map pages for coming tokens in the background, while a step is computed"),
});

type Params = z.infer<typeof params>;

interface Running {
  readonly index: number;
  readonly prompt: number;
  readonly output: number;
  slot: number;
  done: number;
}

const DEFAULT_GROUP_TOKENS = 1024;

/** Tokens that a page holds in one layer: floor(P / (KV heads x head dimension x bytes)). */
function groupTokens(p: Params, { llm }: Profiles): number {
  if (p.groupTokens !== null) return p.groupTokens;
  if (llm === null) return DEFAULT_GROUP_TOKENS;
  const perToken = llm.kvHeads * llm.headDim * llm.kvBytesPerElement;
  return Math.max(1, Math.floor(p.page / perToken));
}

class Scheduler implements KvEngine {
  readonly pool: PagePool;
  readonly #p: Params;
  readonly #onEvent: ReplayContext<"requests">["onEvent"];
  readonly #running: Running[] = [];
  readonly #waiting: Running[] = [];
  preemptions = 0;
  recomputed = 0;
  #steps = 0;

  constructor(p: Params, pool: PagePool, onEvent: ReplayContext<"requests">["onEvent"]) {
    this.#p = p;
    this.pool = pool;
    this.#onEvent = onEvent;
  }

  get pending(): number {
    return this.#running.length + this.#waiting.length;
  }

  fits(prompt: number, output: number): boolean {
    return this.pool.need(prompt + output - 1) <= this.pool.total;
  }

  add(index: number, prompt: number, output: number): void {
    this.#waiting.push({ index, prompt, output, slot: -1, done: 0 });
  }

  step(): void {
    // Who runs gets its pages first, in order of the slots; the last admitted gives way.
    const order = [...this.#running].sort((a, b) => a.slot - b.slot);
    for (const r of order) {
      while (r.slot >= 0 && !this.pool.back(r.slot)) this.#preempt(this.#running.pop()!);
    }
    this.#admit();
    if (this.#p.mapAhead) this.pool.mapAhead();
    this.#steps++;
    const finished: number[] = [];
    for (const r of [...this.#running]) {
      r.done++;
      if (r.done >= r.output) {
        this.pool.finish(r.slot);
        this.#running.splice(this.#running.indexOf(r), 1);
        finished.push(r.index);
      } else this.pool.lengths[r.slot]++;
    }
    const { mapped, lengths, free, maps, mapsAhead, unmaps } = this.pool;
    this.#onEvent?.({
      step: this.#steps,
      running: this.#running.map((r) => r.index),
      finished,
      mapped: [...mapped],
      len: [...lengths],
      free,
      maps,
      maps_ahead: mapsAhead,
      unmaps,
      preemptions: this.preemptions,
    });
  }

  #admit(): void {
    const keep = Math.floor(this.#p.keepFree * this.pool.total);
    while (this.#waiting.length > 0 && this.#running.length < this.#p.maxRunning) {
      const next = this.#waiting[0];
      const tokens = next.prompt + next.done;
      const spare = this.#running.length === 0 ? 0 : keep;
      if (this.pool.reclaimable - this.pool.need(tokens) < spare) return;
      const slot = this.pool.admit(tokens);
      if (slot < 0 || !this.pool.back(slot)) return;
      this.#waiting.shift();
      next.slot = slot;
      this.#running.push(next);
    }
  }

  #preempt(victim: Running): void {
    this.preemptions++;
    this.recomputed += this.pool.lengths[victim.slot];
    this.pool.finish(victim.slot);
    victim.slot = -1;
    this.#waiting.unshift(victim);
  }

  moment() {
    let [token, held, reserved, internal] = [0, 0, 0, 0];
    for (const r of this.#running) {
      const length = this.pool.lengths[r.slot];
      const own = this.pool.mapped[r.slot] * this.pool.tokensPerGroup;
      const slack = divideSlack(Math.max(0, own - length), r.prompt + r.output - length);
      token += Math.min(length, own);
      held += own;
      reserved += slack.reserved;
      internal += slack.internal;
    }
    return { token, reserved, internal, held, batch: this.#running.length };
  }
}

function create(p: Params, context: ReplayContext<"requests">): Replay<"requests"> {
  const requests = new RequestList(false);
  return {
    feed: (columns) => requests.feed(columns),
    finish() {
      const slots = poolSlots(p.slots, context.profiles);
      const tokens = groupTokens(p, context.profiles);
      const pool = new PagePool(tokens, Math.max(1, Math.floor(slots / tokens)), p.maxRunning);
      const scheduler = new Scheduler(p, pool, context.onEvent);
      const meter = new KvMeter(context.seriesPoints);
      const { seconds, steps } = runKv(scheduler, requests, p.stepSeconds, meter);
      return kvOutcome(
        meter,
        {
          poolSlots: pool.total * tokens,
          preemptions: scheduler.preemptions,
          recomputedTokens: scheduler.recomputed,
          prefixHitTokens: null,
          pageMaps: pool.maps,
          pageMapsAhead: pool.mapsAhead,
          pageUnmaps: pool.unmaps,
          seconds,
          steps,
          notes: [
            `a page holds ${counted(tokens, "token")} of a layer; the pool has ${
              counted(pool.total, "group")
            }`,
          ],
        },
        requests,
        context.profiles,
      );
    },
  };
}

export const policy: Policy<"requests", Params> = {
  name: "vattention",
  family: "allocator",
  summary: "contiguous KV addresses with pages mapped on demand, taken back late",
  reference: "Prabhu et al., vAttention, ASPLOS 25; microsoft/vattention",
  accepts: ["requests"],
  params,
  create,
};
