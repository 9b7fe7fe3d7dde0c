/**
 * Speed and memory of the serving engine over a generated stream of chat requests, as ratios to a plain LRU
 * replay of the same block lists (which times nothing). `deno run -A bench/offload.ts [requests]`; default
 * 2 M. The stream is made a batch at a time and its own time is not counted. Rates are requests a second of
 * CPU time of the whole process, garbage collection included.
 */
import process from "node:process";
import { BUILTIN_HARDWARE } from "../src/model/profiles/builtin/hardware.ts";
import { BUILTIN_LLMS } from "../src/model/profiles/builtin/llm.ts";
import type { ReplayContext } from "../src/model/policy.ts";
import { createCacheReplay } from "../src/replay/cache/cache_replay.ts";
import { POLICIES } from "../src/registry/policies.ts";
import { eviction as lru } from "../src/replay/shared/evictions/lru.ts";
import { type ChatStream, chatStream } from "./chat_stream.ts";

const requests = Number(process.argv[2] ?? 2e6);
const only = process.argv[3] ?? "recompute,kv-offload,hcache";
const hardware = BUILTIN_HARDWARE.find((h) => h.name === "h100_sxm")!;
const llm = BUILTIN_LLMS.find((l) => l.name === "llama-3-8b")!;

interface Feed {
  feed(columns: Parameters<ReturnType<typeof createCacheReplay>["feed"]>[0]): void;
}

/** CPU seconds of this process so far: what others do on the machine does not count. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Feeds the stream and returns the CPU seconds spent in `feed`, without those of making the batches. */
function timed(spec: ChatStream, into: Feed): { seconds: number; blocks: number } {
  let seconds = 0;
  let blocks = 0;
  for (const batch of chatStream(spec)) {
    const start = cpuSeconds();
    into.feed(batch);
    seconds += cpuSeconds() - start;
    blocks += batch.blockIds!.length;
  }
  return { seconds, blocks };
}

for (
  const blockTokens of process.argv[4] === undefined ? [512, 64, 16] : [Number(process.argv[4])]
) {
  const spec: ChatStream = {
    requests,
    blockTokens,
    uniqueBlocks: Math.ceil(8e6 * 16 / blockTokens),
    rate: 5,
  };
  const cache = createCacheReplay(
    { eviction: lru, capacityBlocks: 400_000 * 16 / blockTokens, touch: "head", seed: 1 },
    spec.uniqueBlocks,
    blockTokens,
  );
  const baseline = timed(spec, cache);
  const rate = requests / baseline.seconds;
  console.log(
    `${requests / 1e6} M chat requests, blocks of ${blockTokens} tokens: ` +
      `${(baseline.blocks / requests).toFixed(1)} blocks a request\n` +
      `  lru alone (baseline)   ${(rate / 1e3).toFixed(0)} k requests/s  1.00x`,
  );
  for (const name of only.split(",")) {
    const policy = await POLICIES.find((p) => p.family === "offload" && p.name === name)!.load();
    const context: ReplayContext<"requests"> = {
      meta: { blockTokens, uniqueBlocks: spec.uniqueBlocks, arrivalSorted: true },
      profiles: { hardware, llm, site: null },
      seed: 1,
      seriesPoints: 100,
    };
    const params = policy.params.parse({ intervals: false });
    const replay = policy.create(params, context as ReplayContext);
    const run = timed(spec, replay as Feed);
    const start = cpuSeconds();
    const outcome = replay.finish();
    const seconds = run.seconds + cpuSeconds() - start;
    const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    console.log(
      `  ${name.padEnd(22)} ${(requests / seconds / 1e3).toFixed(0)} k requests/s  ` +
        `${(requests / seconds / rate).toFixed(2)}x  hit ` +
        `${(100 * Number(outcome.metrics.token_reuse_ratio.value)).toFixed(1)} %, GPU busy ` +
        `${(100 * Number(outcome.metrics.gpu_busy_ratio.value)).toFixed(0)} %, memory ` +
        `${mb(heapUsed)} heap + ${mb(arrayBuffers)} arrays, resident ${mb(rss)}`,
    );
  }
}
