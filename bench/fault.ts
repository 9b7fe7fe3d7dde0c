/**
 * Speed of the fault replays. `deno run -A bench/fault.ts [seeds]`; default 10,000.
 *
 * A year of 16,384 GPUs (Llama 3's failure rate) with 10 s iterations, event by event, against a baseline
 * that steps through every iteration; then seeds on one and on all workers.
 */
import process from "node:process";
import { faultColumns, generateFaults, LLAMA3_KINDS } from "../src/stats/failure_process.ts";
import { POLICIES } from "../src/registry/policies.ts";
import { coreCount } from "../src/runtime/worker_pool.ts";
import { runSeeds } from "../src/search/monte_carlo.ts";

const YEAR = 365 * 86_400;
const MTBF = 54 * 86_400 / 419;
const seeds = Number(process.argv[2] ?? 10_000);
const generator = {
  nodes: 2048,
  spanSeconds: 1.1 * YEAR,
  mtbfSeconds: MTBF,
  shape: 1,
  meanDownSeconds: 3600,
  kindShares: LLAMA3_KINDS,
};
const job = { useful: YEAR, iteration: 10, gpus: 16_384, bytes: 5.68e12 };

const faults = generateFaults({ ...generator, seed: 1 });
const columns = faultColumns(faults);

/** The naive replay: one step an iteration, a save to memory after each, a restart of 125 s. */
function stepped(): number {
  let wall = 0;
  let next = 0;
  for (let step = 0; step < YEAR / 10;) {
    const end = wall + 10;
    while (next < columns.count && columns.startSeconds[next] < wall) next++;
    if (next < columns.count && columns.startSeconds[next] < end) {
      wall = columns.startSeconds[next++] + 125;
    } else {
      wall = end;
      step++;
    }
  }
  return wall;
}

function best(repeats: number, run: () => void): number {
  let seconds = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    run();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return seconds;
}

console.log(`${columns.count} failures over ${(generator.spanSeconds / YEAR).toFixed(1)} years`);
const baseline = best(3, stepped);
console.log(`stepping through 3.15 million iterations: ${(baseline * 1000).toFixed(1)} ms`);
for (const entry of POLICIES.filter((p) => p.family === "fault")) {
  const policy = await entry.load();
  const params = policy.params.parse(entry.name === "none" ? { ...job, useful: 86_400 } : job);
  const seconds = best(7, () => {
    const replay = policy.create(params, {
      meta: { nodeCount: 2048, spanSeconds: generator.spanSeconds, nodes: [] },
      profiles: { hardware: null, llm: null, site: null },
      seed: 1,
      seriesPoints: 2000,
    });
    replay.feed(columns);
    replay.finish();
  });
  console.log(
    `${entry.name.padEnd(16)} ${(seconds * 1000).toFixed(2).padStart(8)} ms a year, ` +
      `${(baseline / seconds).toFixed(1)}x the baseline`,
  );
}

const gemini = await POLICIES.find((p) => p.name === "gemini")!.load();
const start = performance.now();
const all = await runSeeds({
  policy: "gemini",
  params: gemini.params.parse(job),
  generator,
  metrics: ["goodput_ratio"],
  seeds,
  firstSeed: 1,
});
const seconds = (performance.now() - start) / 1000;
const few = Math.min(seeds, 200);
const oneStart = performance.now();
const one = await runSeeds({
  policy: "gemini",
  params: gemini.params.parse(job),
  generator,
  metrics: ["goodput_ratio"],
  seeds: few,
  firstSeed: 1,
  workers: 1,
});
const oneSeconds = (performance.now() - oneStart) / 1000;
const goodput = all.get("goodput_ratio")!;
const same = one.get("goodput_ratio")!.values.every((v, i) => v === goodput.values[i]);
console.log(
  `${seeds} seeds of gemini on ${coreCount()} workers: ${seconds.toFixed(1)} s ` +
    `(${(seeds / seconds).toFixed(0)} a second, ` +
    `${(seeds / seconds / (few / oneSeconds)).toFixed(2)}x one worker); ` +
    `goodput ${goodput.mean.toFixed(5)} [${goodput.low.toFixed(5)}, ${goodput.high.toFixed(5)}]; ` +
    `results ${same ? "do not depend" : "DEPEND"} on the number of workers`,
);
