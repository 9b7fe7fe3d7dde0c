import { z } from "zod";
import type { Policy, Replay, ReplayContext } from "../../../model/policy.ts";
import { Buddy } from "../buddy.ts";
import { KvMeter } from "../kv_meter.ts";
import { kvOutcome } from "../kv_outcome.ts";
import { kvParams } from "../kv_params.ts";
import { poolSlots } from "../kv_pool.ts";
import { RequestList } from "../kv_requests.ts";
import { reservedSlots } from "../reservation.ts";

const params = z.strictObject({
  ...kvParams,
  reserve: z.enum(["max", "pow2", "oracle"]).default("max")
    .describe("slots reserved: the context limit, the next power of two, or what will be needed"),
  contextLimit: z.number().int().positive().default(32_768).describe("longest context in tokens"),
});

type Params = z.infer<typeof params>;

interface Running {
  readonly address: number;
  readonly chunk: number;
  readonly endStep: number;
  /** Slots asked for, before the buddy rounds them up. */
  readonly wanted: number;
  /** Prompt and output. */
  readonly total: number;
  token: number;
}

function create(p: Params, context: ReplayContext<"requests">): Replay<"requests"> {
  const requests = new RequestList(false);
  return {
    feed: (columns) => requests.feed(columns),
    finish() {
      const wanted = poolSlots(p.slots, context.profiles);
      const slots = 2 ** Math.floor(Math.log2(Math.max(1, wanted)));
      const meter = new KvMeter(context.seriesPoints);
      const { seconds } = run(p, requests, slots, meter);
      const notes = slots === wanted
        ? []
        : [`the buddy pool takes ${slots} of ${wanted} KV slots: its size must be a power of two`];
      return kvOutcome(
        meter,
        {
          poolSlots: slots,
          preemptions: 0,
          recomputedTokens: 0,
          prefixHitTokens: null,
          seconds,
          steps: meter.steps,
          notes,
        },
        requests,
        context.profiles,
      );
    },
  };
}

/**
 * Iterations: the head of the queue is admitted when its whole reservation fits (no skipping), every
 * running request writes one token a step, chunks go back at the end.
 */
function run(p: Params, requests: RequestList, slots: number, meter: KvMeter) {
  const buddy = new Buddy(slots);
  let running: Running[] = [];
  let next = 0;
  let seconds = 0;
  let step = 0;
  while (next < requests.count || running.length > 0) {
    if (running.length === 0 && next < requests.count) {
      seconds = Math.max(seconds, requests.arrivalSeconds[next]);
    }
    while (next < requests.count && requests.arrivalSeconds[next] <= seconds) {
      const [prompt, output] = [requests.inputTokens[next], requests.outputTokens[next]];
      const wanted = reservedSlots(p.reserve, prompt, output, p.contextLimit);
      if (wanted < prompt + output || buddy.chunkFor(wanted) > slots) {
        requests.reject(next);
        next++;
        continue;
      }
      const address = buddy.allocate(wanted);
      if (address < 0) break;
      const chunk = buddy.chunkFor(wanted);
      running.push({
        address,
        chunk,
        endStep: step + output,
        wanted,
        total: prompt + output,
        token: prompt,
      });
      next++;
    }
    step++;
    seconds += p.stepSeconds;
    let token = 0;
    let held = 0;
    let reserved = 0;
    let internal = 0;
    for (const r of running) {
      reserved += r.total - r.token;
      internal += r.wanted - r.total;
      token += r.token++;
      held += r.chunk;
    }
    if (running.length > 0) {
      meter.add({ seconds, token, reserved, internal, held, batch: running.length });
    }
    const done = running.filter((r) => r.endStep <= step);
    for (const r of done) buddy.free(r.address);
    if (done.length > 0) running = running.filter((r) => r.endStep > step);
  }
  return { seconds };
}

export const policy: Policy<"requests", Params> = {
  name: "contiguous",
  family: "allocator",
  summary: "one contiguous KV region a request, reserved in advance (FasterTransformer, Orca)",
  reference:
    "Kwon et al., SOSP 23 (vLLM), section 6.1: Orca Max, Pow2 and Oracle over a buddy allocator",
  accepts: ["requests"],
  params,
  create,
};
