import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import type { ReplayDocument } from "../../src/model/results.ts";
import { validationSchema } from "../../src/cli/schemas/validation_schema.ts";
import { type Publisher, startPublisher } from "../collect_sources/zmq_publisher.ts";
import { SPILLWAY, spillway } from "../spillway.ts";

/** Eight prompts of ten blocks of 16 tokens, the first five of them shared: 560 of 1,280 tokens are hits. */
const PROMPTS = 8;
const MACHINE = ["--hardware", "a100_sxm", "--llm", "llama-2-7b"];

const stored = (first: number, count: number, parent: number | null) => ({
  type: "BlockStored",
  block_hashes: Array.from({ length: count }, (_, i) => first + i),
  parent_block_hash: parent,
  token_ids: [],
  block_size: 16,
});
const EVENTS = Array.from({ length: PROMPTS }, (_, i) => ({
  ts: 1_700_000_000 + i,
  events: [i === 0 ? stored(1, 10, null) : stored(11 + 5 * (i - 1), 5, 5)],
}));

/** What vLLM's page shows before and after the prompts were served. */
function page(served: boolean, hits: number, secondsToFirstToken: number | null): string {
  const engine = `engine="0",model_name="meta-llama/Llama-2-7b-hf"`;
  const bucket = (le: number, above: boolean) =>
    `vllm:time_to_first_token_seconds_bucket{${engine},le="${le}"} ${
      served && above ? PROMPTS : 0
    }`;
  const buckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5];
  return [
    "# TYPE vllm:cache_config_info gauge",
    `vllm:cache_config_info{block_size="16",num_gpu_blocks="661",enable_prefix_caching="True",engine="0"} 1.0`,
    "# TYPE vllm:prefix_cache_queries counter",
    `vllm:prefix_cache_queries_total{${engine}} ${served ? 1280 : 0}.0`,
    "# TYPE vllm:prefix_cache_hits counter",
    `vllm:prefix_cache_hits_total{${engine}} ${served ? hits : 0}.0`,
    "# TYPE vllm:time_to_first_token_seconds histogram",
    ...(secondsToFirstToken === null ? [] : [
      ...buckets.map((le) => bucket(le, le >= secondsToFirstToken)),
      `vllm:time_to_first_token_seconds_bucket{${engine},le="+Inf"} ${served ? PROMPTS : 0}`,
    ]),
    "",
  ].join("\n");
}

const folder = mkdtempSync(join(tmpdir(), "spillway-validate-live-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const inStore = (name: string, ...args: string[]) => spillway(args, { cwd: join(folder, name) });

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 3000 && !holds(); i++) await new Promise((done) => setTimeout(done, 20));
  if (!holds()) throw new Error(`not within a minute: ${what}`);
}

/** Records one engine while it serves: its page, its events and its configuration file. */
async function record(
  name: string,
  publisher: Publisher,
  text: (served: boolean) => string,
  served: () => boolean,
): Promise<{ ready: () => boolean; scrapes: () => number; end: () => Promise<void> }> {
  mkdirSync(join(folder, name));
  writeFileSync(
    join(folder, name, "vllm.yaml"),
    "model: meta-llama/Llama-2-7b-hf\nmax-num-seqs: 64\ntensor-parallel-size: 1\n",
  );
  let asked = 0;
  let askedServed = 0;
  const server: Server = createServer((_, response) => {
    if (served()) askedServed++;
    asked++;
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(text(served()));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const args = ["record", "--duration", "1h", "--scrape", url, "--kv-events", publisher.endpoint];
  const child = spawn(
    SPILLWAY[0],
    [...SPILLWAY.slice(1), ...args, "--engine-config", "vllm.yaml", "--name", name],
    { cwd: join(folder, name), env: { ...process.env, NO_COLOR: "1" } },
  );
  let stderr = "";
  child.stderr.on("data", (data) => stderr += data);
  const closed = new Promise<void>((done) => child.on("close", () => done()));
  return {
    ready: () => asked >= 3,
    scrapes: () => askedServed,
    end: async () => {
      child.kill("SIGTERM");
      await closed;
      server.close();
      assert.equal(inStore(name, "ls").code, 0, stderr);
    },
  };
}

test("recorded engines: one that a replay reproduces, one whose hits it misses, one whose times", async () => {
  const publisher = await startPublisher();
  let served = false;
  const engines: Awaited<ReturnType<typeof record>>[] = [];
  try {
    for (
      const [name, hits, seconds] of [
        ["good", 560, null],
        ["cold", 400, null],
        ["slow", 560, 4],
      ] as const
    ) {
      engines.push(
        await record(name, publisher, (done) => page(done, hits, seconds), () => served),
      );
    }
    await until(
      () => publisher.subscribers() === 3 && engines.every(({ ready }) => ready()),
      "the first scrapes",
    );
    EVENTS.forEach((batch, i) => publisher.publish(i, batch));
    served = true;
    await until(() => engines.every(({ scrapes }) => scrapes() >= 3), "scrapes of what was served");
    await Promise.all(engines.map(({ end }) => end()));
  } finally {
    await publisher.close();
  }
  const validated = (name: string, ...more: string[]) => {
    const done = inStore(
      name,
      ...["replay", "validate", name, "--strict", "--json", "--hardware", "a100_sxm", ...more],
    );
    const document = validationSchema.parse(JSON.parse(done.stdout));
    return { code: done.code, ...document };
  };
  const row = ({ rows }: ReturnType<typeof validated>, quantity: string) =>
    rows.find((r) => r.quantity === quantity)!;

  const good = validated("good");
  assert.deepEqual([good.code, good.verdict], [0, "reproduced"]);
  assert.equal(row(good, "gpu_hit_ratio").counted, 560 / 1280);
  assert.equal(row(good, "gpu_hit_ratio").difference, 0);
  assert.equal(row(good, "gpu_stored_blocks").counted, 45);
  assert.equal(row(good, "gpu_stored_blocks").reproduced, 45);
  const replay = ["replay", "offload", "-p", "recompute,kv-offload", ...MACHINE];
  assert.doesNotMatch(inStore("good", ...replay, "good-kv-events").stdout, /DO NOT RELY/);

  // A benchmark's own result beside the run: its times as the replay has them, and half as much again.
  const asRun = inStore("good", ...replay, "good-kv-events", "--json", "-p", "as-run");
  const { metrics } = (JSON.parse(asRun.stdout) as ReplayDocument).results[0];
  const [p50, p99] = ["ttft_p50_seconds", "ttft_p99_seconds"].map((id) =>
    Number(metrics[id].value)
  );
  for (const [file, factor] of [["bench.json", 1], ["late.json", 1.5]] as const) {
    const result = {
      backend: "vllm",
      model_id: "meta-llama/Llama-2-7b-hf",
      num_prompts: PROMPTS,
      duration: 9,
      input_lens: EVENTS.map(() => 160),
      output_lens: EVENTS.map(() => 1),
      start_times: EVENTS.map(({ ts }) => ts),
      ttfts: EVENTS.map((_, i) => factor * (i === 0 ? p99 : p50)),
      itls: EVENTS.map(() => []),
      errors: EVENTS.map(() => ""),
    };
    writeFileSync(join(folder, "good", file), JSON.stringify(result));
  }
  const trace = ["--trace", "good-kv-events"];
  const timed = validated("good", ...trace, "--bench", "bench.json");
  assert.deepEqual([timed.code, row(timed, "ttft_mape").verdict], [0, "within"]);
  const late = validated("good", ...trace, "--bench", "late.json");
  assert.deepEqual([late.code, row(late, "ttft_mape").verdict], [1, "beyond"]);

  const cold = validated("cold");
  assert.deepEqual([cold.code, row(cold, "gpu_hit_ratio").verdict], [1, "beyond"]);
  assert.match(cold.sentence, /NOT reproduced: gpu_hit_ratio off by 12\.5 points/);
  const slow = validated("slow");
  assert.deepEqual([slow.code, row(slow, "ttft_mape").verdict], [1, "beyond"]);
  assert.equal(row(slow, "gpu_hit_ratio").verdict, "within");
  for (const name of ["cold", "slow"]) {
    const why = new RegExp(`Recorded\\s+run\\s+${name}:\\s+NOT\\s+reproduced`);
    const warned = inStore(name, ...replay, `${name}-kv-events`, "--save", "warned");
    assert.match(warned.stdout, /DO NOT RELY ON THIS/, warned.stderr);
    assert.match(warned.stdout, why);
    if (name === "slow") continue;
    const about = ["--trace", `${name}-kv-events`, ...MACHINE];
    const refused = inStore(name, "advise", "--points", "4", ...about);
    assert.equal(refused.code, 4, refused.stdout);
    assert.match(refused.stderr, why);
    const capacity = inStore(name, "advise", "capacity", ...about);
    assert.match(capacity.stdout, why, capacity.stderr);
    const priced = inStore(name, "estimate", "warned", "--save", "priced");
    assert.match(priced.stdout, why, priced.stderr);
    // Neither the replay nor its estimate can pass a gate.
    for (
      const [subject, bound] of [
        ["warned", "kv-offload/ssd_written_bytes<1e12"],
        ["priced", "kv-offload/energy_joules<1e15"],
      ]
    ) {
      const gated = inStore(name, "gate", subject, "--budget", bound);
      assert.match(gated.stdout, /gate: inconclusive/, gated.stderr);
      assert.match(gated.stdout, why);
    }
  }
});
