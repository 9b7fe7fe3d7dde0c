import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { capacityDocumentSchema } from "../../src/cli/schemas/capacity_schema.ts";
import { type Card, fleetSize, growthTable } from "../../src/estimate/capacity/fleet.ts";
import { kvBytesPerToken, prefillFlops } from "../../src/model/llm_math.ts";
import { BUILTIN_LLMS } from "../../src/model/profiles/builtin/llm.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { requestDemand } from "../../src/search/capacity/demand.ts";
import { spillway } from "../spillway.ts";
import { near } from "./near.ts";

const CARD: Card = {
  flopsPerSecond: 100,
  memoryBytesPerSecond: 1000,
  memoryBytes: 80,
  perInstance: 8,
};

test("GPUs are bought for the work or for the memory, whichever needs more", () => {
  const idle = { flopsPerSecond: 50, memoryBytesPerSecond: 0, residentBytes: 1000 };
  // Instances of 2, 4, 8 GPUs leave 20, 180, 500 of 140 bytes of weights: 8 GPUs twice are 16, 4 six times 24.
  assert.deepEqual(fleetSize(idle, CARD, 140), {
    gpus: 16,
    gpusPerInstance: 8,
    forCompute: 8,
    forMemory: 16,
    busyGpus: 0.5,
  });
  const busy = { flopsPerSecond: 1000, memoryBytesPerSecond: 5000, residentBytes: 10 };
  // 10 GPUs of FLOPs and 5 of bandwidth; instances of 2 fit that best.
  const size = fleetSize(busy, CARD, 140)!;
  assert.deepEqual([size.gpus, size.gpusPerInstance, size.forMemory], [16, 2, 2]);
  assert.equal(fleetSize(busy, CARD, 640), null, "weights that fill every instance fit nowhere");
});

test("a fleet never holds less than the need and never shrinks when the need grows", () => {
  const need = fc.record({
    flopsPerSecond: fc.double({ min: 0, max: 1e5, noNaN: true }),
    memoryBytesPerSecond: fc.double({ min: 0, max: 1e5, noNaN: true }),
    residentBytes: fc.double({ min: 0, max: 1e5, noNaN: true }),
  });
  fc.assert(fc.property(need, fc.double({ min: 1, max: 4, noNaN: true }), (n, factor) => {
    const size = fleetSize(n, CARD, 140)!;
    const instances = size.gpus / size.gpusPerInstance;
    const room = size.gpusPerInstance * CARD.memoryBytes - 140;
    assert.ok(instances * room >= n.residentBytes * (1 - 1e-9));
    assert.ok(size.gpus >= size.busyGpus * (1 - 1e-9));
    const more = fleetSize({ ...n, residentBytes: n.residentBytes * factor }, CARD, 140)!;
    assert.ok(more.gpus >= size.gpus);
  }));
});

test("when memory demand outgrows the cards, ever more of the fleet is bought for memory", () => {
  const live = { flopsPerSecond: 1000, memoryBytesPerSecond: 0, residentBytes: 100 };
  const needs = { hbm: { ...live, residentBytes: 1e4 }, tiered: live, recompute: live };
  const rates = { compute: 2, memory: 2, cardFlops: 2, cardBandwidth: 2, cardMemory: 1 };
  const table = growthTable(needs, CARD, 140, rates, 4);
  assert.equal(table.length, 5);
  for (let y = 1; y < 5; y++) {
    assert.ok(table[y].boughtForMemory! > table[y - 1].boughtForMemory!);
    assert.ok(table[y].tierWorthGpus! > table[y - 1].tierWorthGpus!);
  }
});

const LLM = BUILTIN_LLMS.find((m) => m.name === "llama-3-70b")!;

function traceOf(requests: readonly { at: number; blocks: number[]; out: number }[]): Trace {
  const blockTokens = 16;
  const offsets = [0];
  for (const r of requests) offsets.push(offsets[offsets.length - 1] + r.blocks.length);
  const ids = Uint32Array.from(requests.flatMap((r) => r.blocks));
  const columns: RequestColumns = {
    kind: "requests",
    count: requests.length,
    arrivalNs: Float64Array.from(requests, (r) => r.at * 1e9),
    inputTokens: Uint32Array.from(requests, (r) => r.blocks.length * blockTokens),
    outputTokens: Uint32Array.from(requests, (r) => r.out),
    session: new Int32Array(requests.length).fill(-1),
    turn: new Int32Array(requests.length).fill(-1),
    thinkNs: new Float64Array(requests.length).fill(NaN),
    blockOffsets: Uint32Array.from(offsets),
    blockIds: ids,
  };
  return {
    kind: "requests",
    name: "made",
    format: "test",
    sha256: null,
    rows: requests.length,
    meta: { blockTokens, uniqueBlocks: new Set(ids).size },
    batches: async function* () {
      yield columns;
    },
  } as unknown as Trace;
}

const OPTIONS = { hitShare: 1, batch: 64, secondsPerOutputToken: 0.05, peak: 1 };

test("the demand of two requests with a shared prefix, by hand", async () => {
  const trace = traceOf([
    { at: 0, blocks: [0, 1, 2], out: 10 },
    { at: 10, blocks: [0, 1, 3], out: 20 },
  ]);
  const d = await requestDemand(trace, LLM, OPTIONS);
  near(d.recomputeFlopsPerSecond, 2 * prefillFlops(LLM, 0, 48) / 10);
  near(d.reusedFlopsPerSecond, (prefillFlops(LLM, 0, 48) + prefillFlops(LLM, 32, 48)) / 10);
  near(d.reusedTokenRatio, 32 / 96);
  const kv = kvBytesPerToken(LLM);
  near(d.reloadBytesPerSecond, 32 * kv / 10);
  near(d.storeBytesPerSecond, 4 * 16 * kv / 10);
  near(d.heldBytes, 3 * 16 * kv);
  near(d.liveBytes, (10 * (48 + 5) + 20 * (48 + 10)) * 0.05 * kv / 10);
});

test("a request that is wholly known still computes its last token", async () => {
  const trace = traceOf([{ at: 0, blocks: [0, 1], out: 1 }, { at: 1, blocks: [0, 1], out: 1 }]);
  const d = await requestDemand(trace, LLM, OPTIONS);
  near(d.reusedFlopsPerSecond, prefillFlops(LLM, 0, 32) + prefillFlops(LLM, 31, 32));
});

test("a smaller share of the hits holds less and computes more; the peak scales rates alone", async () => {
  const requests = Array.from({ length: 60 }, (_, i) => ({
    at: i,
    blocks: [0, 1 + (i % 5), 10 + (i % 20)],
    out: 5,
  }));
  const at = (over: Partial<typeof OPTIONS>) =>
    requestDemand(traceOf(requests), LLM, { ...OPTIONS, ...over });
  const [all, half, peak] = [await at({}), await at({ hitShare: 0.5 }), await at({ peak: 3 })];
  assert.ok(half.heldBytes < all.heldBytes);
  assert.ok(half.reusedFlopsPerSecond > all.reusedFlopsPerSecond);
  assert.ok(half.reusedFlopsPerSecond <= all.recomputeFlopsPerSecond);
  near(peak.decodeBytesPerSecond, 3 * all.decodeBytesPerSecond);
  assert.equal(peak.heldBytes, all.heldBytes);
});

test("advise capacity prices four designs, what a tier is worth, and the years ahead", () => {
  const folder = mkdtempSync(join(tmpdir(), "capacity-"));
  try {
    const lines = Array.from({ length: 200 }, (_, i) =>
      JSON.stringify({
        timestamp: i * 50,
        input_length: 8 * 512,
        output_length: 100,
        hash_ids: [0, 1, 2, 3, 4 + (i % 40), 100 + i, 400 + i, 700 + i],
      }));
    writeFileSync(join(folder, "t.jsonl"), lines.join("\n") + "\n");
    const run = (...more: string[]) =>
      spillway(
        ["advise", "capacity", "--trace", "t.jsonl", "--json", "--today", "2026-11-25", ...more],
        { cwd: folder },
      );
    const done = run("--years", "2");
    assert.equal(done.code, 0, done.stderr);
    const document = capacityDocumentSchema.parse(JSON.parse(done.stdout));
    assert.deepEqual(document.designs.map((d) => d.name), ["recompute", "hbm", "dram", "ssd"]);
    const usd = (name: string) =>
      Number(document.designs.find((d) => d.name === name)!.metrics.total_usd.value);
    const worth = document.worth.find((w) => w.tier === "ssd" && w.against === "hbm")!;
    near(worth.usdPerMonth!.mid, usd("hbm") - usd("ssd"));
    assert.ok(worth.usdPerMonth!.low <= worth.usdPerMonth!.mid);
    assert.equal(document.growth.length, 3);
    assert.ok(document.coefficients.some((c) => c.id === "growth.card_memory"));
    assert.equal(run("--years", "2").stdout, done.stdout, "the same inputs give the same bytes");
    const flat = capacityDocumentSchema.parse(JSON.parse(
      run(
        ...["compute", "memory"].flatMap((k) => ["--factor", `growth.demand_${k}=1`]),
        ...["flops", "bandwidth", "memory"].flatMap((k) => ["--factor", `growth.card_${k}=1`]),
      ).stdout,
    ));
    assert.ok(flat.growth.every((y) => y.hbm!.gpus === flat.growth[0].hbm!.gpus));
    assert.equal(run("--hits", "2").code, 2);
    assert.match(run("--hits", "2").stderr, /--hits: 2, expected a share/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
