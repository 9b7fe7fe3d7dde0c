import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { needsShared, sharedText } from "../shared.ts";
import { SPILLWAY } from "../spillway.ts";
import { startPublisher, until } from "../collect_sources/zmq_publisher.ts";

/** Runs the program without blocking this process, which serves what it reads. */
function run(
  args: readonly string[],
  cwd: string,
): { done: Promise<{ code: number | null; stdout: string; stderr: string }>; pid: number } {
  const child = spawn(SPILLWAY[0], [...SPILLWAY.slice(1), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", COLUMNS: "80" },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (d) => stdout += d);
  child.stderr.on("data", (d) => stderr += d);
  const done = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  );
  return { done, pid: child.pid! };
}

async function served(
  page: (path: string) => string | null,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const text = page(request.url ?? "/");
    response.writeHead(text === null ? 500 : 200, { "content-type": "text/plain" });
    response.end(text ?? "the exporter is starting");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-live-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const vllm = (n: number) =>
  `# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{block_size="16",num_gpu_blocks="661",enable_prefix_caching="True",gpu_memory_utilization="0.7",cache_dtype="auto",engine="0"} 1.0
# TYPE vllm:prefix_cache_queries counter
vllm:prefix_cache_queries_total{engine="0",model_name="m"} ${1000 + 100 * n}
vllm:prefix_cache_hits_total{engine="0",model_name="m"} ${400 + 50 * n}
vllm:num_preemptions_total{engine="0",model_name="m"} 2
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{le="0.1",model_name="m"} ${5 * n}
vllm:time_to_first_token_seconds_bucket{le="0.5",model_name="m"} ${10 * n}
vllm:time_to_first_token_seconds_bucket{le="+Inf",model_name="m"} ${10 * n}
`;

test("a live engine is recorded: page, events and files become one run with its trace", async () => {
  await inFolder(async (folder) => {
    let asked = 0;
    const { url, server } = await served(() => vllm(asked++));
    const publisher = await startPublisher();
    try {
      writeFileSync(join(folder, "vllm.yaml"), "model: org/m\nmax-num-seqs: 64\napi-key: hidden\n");
      writeFileSync(
        join(folder, "lmcache.yaml"),
        "chunk_size: 256\nlocal_cpu: true\nmax_local_cpu_size: 5.0\ncache_policy: LRU\n",
      );
      const recorder = run([
        "record",
        "--json",
        "--duration",
        "2.5s",
        "--scrape",
        `${url}/metrics`,
        "--kv-events",
        publisher.endpoint,
        "--engine-config",
        "vllm.yaml,lmcache.yaml",
        "--name",
        "live",
      ], folder);
      await until(() => publisher.subscribers() === 1, "the recorder's subscription");
      const event = (hash: number, parent: number | null) => ({
        type: "BlockStored",
        block_hashes: [hash],
        parent_block_hash: parent,
        token_ids: [1],
        block_size: 16,
      });
      publisher.publish(0, { ts: 50, events: [event(1, null), event(2, 1)] });
      publisher.publish(1, { ts: 51, events: [event(3, 2)] });
      const { code, stdout, stderr } = await recorder.done;
      assert.equal(code, 0, stderr);
      const document = JSON.parse(stdout);
      const { config, counts, requestTrace } = document.engine;
      assert.equal(config.engine, "vllm");
      assert.equal(config.blockTokens, 16);
      assert.equal(config.gpuBlocks, 661);
      assert.equal(config.maxSequences, 64, "from the file");
      assert.equal(config.dram.bytes, 5 * 2 ** 30);
      assert.equal(config.prefixCaching, true);
      assert.ok(!stdout.includes("hidden"), "secrets are not kept");
      assert.ok(counts.prefixQueryTokens >= 100 && counts.prefixQueryTokens % 100 === 0);
      assert.equal(counts.prefixHitTokens, counts.prefixQueryTokens / 2);
      assert.equal(counts.blocksStored, 3);
      assert.equal(counts.preemptions, 0);
      assert.ok(Math.abs(counts.ttftQuantiles["0.5"] - 0.1) < 1e-9, "half of the bucket counts");
      assert.equal(
        document.sources.find((s: { name: string }) => s.name === "scrape").status,
        "ok",
      );
      const ls = await run(["ls", "--json"], folder).done;
      assert.match(ls.stdout, /live-kv-events/);
      assert.ok(requestTrace !== null);
      const replay = await run([
        "replay",
        "cache",
        "live-kv-events",
        "--eviction",
        "lru",
        "--capacity",
        "infinite",
        "--json",
      ], folder).done;
      assert.equal(replay.code, 0, replay.stderr);
      assert.deepEqual(
        readdirSync(folder).filter((f) => /spool|marks|jsonl/.test(f)),
        [],
        "nothing is left",
      );
    } finally {
      await publisher.close();
      server.close();
    }
  });
});

test(
  "a recorded page of DCGM over HTTP gives the GPU fields of other sources; a fault makes it partial",
  {
    skip: needsShared("fixtures/dcgm"),
  },
  async () => {
    await inFolder(async (folder) => {
      const page = sharedText("fixtures/dcgm/datadog-dcgm-excerpt.prom");
      let asked = 0;
      const { url, server } = await served(() => ++asked === 3 ? null : page);
      try {
        const { code, stdout, stderr } = await run([
          "record",
          "--json",
          "--sources",
          "scrape",
          "--duration",
          "3.5s",
          "--scrape",
          url,
        ], folder).done;
        assert.equal(code, 0, stderr);
        const run1 = JSON.parse(stdout);
        assert.equal(run1.metrics.gpu_power_watts.evidence, "measured");
        assert.ok(run1.metrics.gpu_power_watts.value > 5);
        const status = run1.sources.find((s: { name: string }) => s.name === "scrape");
        assert.equal(status.status, "partial");
        assert.match(status.reason, /answers 500: the exporter is starting/);
        assert.ok(status.sinceNs > 0.5e9);
      } finally {
        server.close();
      }
    });
  },
);

const hasNodeExporter = spawnSync("prometheus-node-exporter", ["--version"]).error === undefined;

test("a real node_exporter is scraped and its counters are the machine's", {
  skip: hasNodeExporter ? false : "prometheus-node-exporter is not installed",
}, async () => {
  await inFolder(async (folder) => {
    const port = 20_000 + process.pid % 20_000;
    const exporter = spawn("prometheus-node-exporter", [`--web.listen-address=127.0.0.1:${port}`], {
      stdio: "ignore",
    });
    try {
      const url = `http://127.0.0.1:${port}/metrics`;
      await until(() => fetch(url).then((r) => r.ok, () => false), "node_exporter");
      const { code, stdout, stderr } = await run([
        "record",
        "--json",
        "--sources",
        "scrape,cpu",
        "--duration",
        "2.2s",
        "--scrape",
        url,
      ], folder).done;
      assert.equal(code, 0, stderr);
      const found = JSON.parse(stdout).sources.find((s: { name: string }) => s.name === "scrape");
      assert.equal(found.status, "ok", found.reason);
      const rows = await run([
        "query",
        "--json",
        "SELECT count(DISTINCT field || device) FROM v_series WHERE source = 'scrape'",
      ], folder).done;
      assert.ok(JSON.parse(rows.stdout).rows[0][0] > 200, rows.stdout);
    } finally {
      exporter.kill("SIGKILL");
    }
  });
});

test("history is imported from query_range; refusals and empty answers are named", async () => {
  await inFolder(async (folder) => {
    const seen: URLSearchParams[] = [];
    const { url, server } = await served((path) => {
      const params = new URL(path, "http://x").searchParams;
      seen.push(params);
      const query = params.get("query")!;
      if (query === "bad(") {
        return '{"status":"error","errorType":"bad_data","error":"parse error"}';
      }
      const start = Number(params.get("start"));
      return JSON.stringify({
        status: "success",
        data: {
          resultType: "matrix",
          result: query !== "DCGM_FI_DEV_POWER_USAGE" ? [] : [{
            metric: { __name__: "DCGM_FI_DEV_POWER_USAGE", gpu: "3", Hostname: "h" },
            values: [[start, "100"], [start + 30, "NaN"], [start + 60, "200.5"]],
          }],
        },
      });
    });
    try {
      const ask = (...args: string[]) => run(["import", "prometheus", url, ...args], folder).done;
      const done = await ask(
        "--from",
        "2026-11-20T08:00Z",
        "--to",
        "2026-11-20T09:00Z",
        "--step",
        "30s",
        "--query",
        "DCGM_FI_DEV_POWER_USAGE",
        "--json",
      );
      assert.equal(done.code, 0, done.stderr);
      assert.equal(seen[0].get("step"), "30");
      assert.equal(JSON.parse(done.stdout).rows, 3);
      const rows = await run([
        "query",
        "--json",
        "SELECT source, device, field, time_ns, value, reason FROM v_sample ORDER BY time_ns",
      ], folder).done;
      assert.deepEqual(JSON.parse(rows.stdout).rows, [
        ["dcgm", "GPU-3", "power_watts", 0, 100, null],
        ["dcgm", "GPU-3", "power_watts", 30e9, null, "DCGM says NaN"],
        ["dcgm", "GPU-3", "power_watts", 60e9, 200.5, null],
      ]);
      const refused = await ask("--from", "-1h", "--query", "bad(");
      assert.equal(refused.code, 4);
      assert.match(refused.stderr, /refuses the query: parse error/);
      const empty = await ask("--from", "-1h", "--query", "nothing");
      assert.equal(empty.code, 4);
      assert.match(empty.stderr, /holds nothing/);
      assert.equal((await ask()).code, 2, "--from is needed");
      assert.equal(
        (await run(["import", "prometheus", "http://127.0.0.1:1", "--from", "-1h"], folder).done)
          .code,
        5,
      );
    } finally {
      server.close();
    }
  });
});
