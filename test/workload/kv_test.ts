import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openBlockFile, verifyBlock } from "../../src/workload/kv/block_file.ts";
import { fillBlock, firstDifference } from "../../src/workload/kv/block_pattern.ts";
import { createLruSlots } from "../../src/workload/kv/lru_slots.ts";
import { type ExecuteOptions, executeTraffic } from "../../src/workload/kv/execute_traffic.ts";
import { fioIolog } from "../../src/workload/kv/iolog.ts";
import { lruTraffic } from "../../src/workload/kv/lru_traffic.ts";
import { countOperations } from "../../src/workload/kv/traffic_claims.ts";
import { planTraffic } from "../../src/workload/kv/traffic_plan.ts";
import { createTrafficSink } from "../../src/model/traffic.ts";
import { writeCheckpoint } from "../../src/workload/checkpoint_file.ts";
import { spillway } from "../spillway.ts";

async function inFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-kv-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a changed word of a block is found, whichever it is", () => {
  const words = new Uint32Array(64);
  fc.assert(fc.property(fc.nat({ max: 63 }), fc.nat({ max: 1e6 }), (at, id) => {
    fillBlock(words, id);
    assert.equal(firstDifference(words, id), -1);
    words[at] ^= 1;
    assert.equal(firstDifference(words, id), at);
  }));
});

test("blocks of different ids have different content", () => {
  const [a, b] = [new Uint32Array(16), new Uint32Array(16)];
  fillBlock(a, 1);
  fillBlock(b, 2);
  assert.notDeepEqual(a, b);
  assert.throws(() => verifyBlock(new Uint8Array(b.buffer), 1), {
    kind: "data",
    message: /block 1 came back damaged/,
  });
});

test("the LRU frames agree with a map that keeps insertion order", () => {
  const trace = fc.array(fc.nat({ max: 30 }), { maxLength: 300 });
  fc.assert(fc.property(trace, fc.integer({ min: 1, max: 12 }), (blocks, frames) => {
    const lru = createLruSlots(frames, 31);
    const model = new Map<number, true>();
    for (const block of blocks) {
      const hit = model.delete(block);
      assert.equal(lru.touch(block), hit);
      if (!hit) {
        const { evicted } = lru.take(block);
        const oldest = model.size === frames ? [...model.keys()][0] : -1;
        assert.equal(evicted, oldest);
        model.delete(oldest);
      }
      model.set(block, true);
    }
  }));
});

function optionsIn(folder: string): ExecuteOptions {
  return {
    directory: folder,
    blockBytes: 4096,
    direct: false,
    syncEvery: 8,
    concurrency: 1,
    speed: 0,
    freeBytes: Infinity,
    signal: new AbortController().signal,
    progress: () => {},
    now: () => performance.now(),
  };
}

const SMALL = { blockBytes: 4096, memoryBlocks: 16, distinctBlocks: 64, references: 2000, seed: 3 };

test("executing LRU traffic moves exactly its bytes, all verified, whatever the concurrency", async () => {
  await inFolder(async (folder) => {
    const traffic = lruTraffic(SMALL);
    const counts = countOperations(traffic);
    for (const [concurrency, direct] of [[1, false], [4, false], [4, true]] as const) {
      const result = await executeTraffic(traffic, { ...optionsIn(folder), concurrency, direct });
      const by = Object.fromEntries(result.phases.map((p) => [p.name, p]));
      for (const [phase, operations] of counts) {
        assert.equal(by[phase].operations, operations, phase);
        assert.equal(by[phase].bytesRead + by[phase].bytesWritten, operations * 4096);
      }
      const read = by["ssd-read"].bytesRead + by["dram-read"].bytesRead;
      assert.equal(result.verifiedBytes, read);
      assert.ok(read > 0);
      // A block is written once, when it first leaves memory; what never leaves is never written.
      assert.ok(by["ssd-write"].operations <= SMALL.distinctBlocks);
      assert.ok(by["ssd-write"].operations >= SMALL.distinctBlocks - SMALL.memoryBlocks);
      assert.ok(by["ssd-fsync"].operations >= Math.floor(by["ssd-write"].operations / 8));
    }
  });
});

test("a plan never gives a place to two blocks and needs no more places than were held", () => {
  const operation = fc.record({
    op: fc.nat({ max: 2 }),
    tier: fc.nat({ max: 1 }),
    block: fc.nat({ max: 12 }),
  });
  fc.assert(fc.property(fc.array(operation, { maxLength: 200 }), (wanted) => {
    const sink = createTrafficSink();
    const held = [new Set<number>(), new Set<number>()];
    const most = [0, 0];
    for (const { op, tier, block } of wanted) {
      const has = held[tier].has(block);
      if (op === 0 && !has) {
        sink.add("write", tier, block, 0);
        held[tier].add(block);
        most[tier] = Math.max(most[tier], held[tier].size);
      } else if (op === 1 && has) sink.add("read", tier, block, 0);
      else if (op === 2 && has) {
        sink.add("drop", tier, block, 0);
        held[tier].delete(block);
      }
    }
    const traffic = sink.finish({
      tiers: ["dram", "ssd"],
      blockBytes: 4096,
      gpuHitBlocks: 0,
      missBlocks: 0,
    });
    const plan = planTraffic(traffic);
    assert.deepEqual(plan.slots, most);
    const content = new Map<string, number>();
    for (const op of plan.ops) {
      const place = `${op.tier}/${op.slot}`;
      if (op.kind === "write") content.set(place, op.content);
      else assert.equal(content.get(place), op.content, "a read finds what was written there");
    }
  }));
});

test("a block renamed in a tier is read under its new id with its old content", () => {
  const sink = createTrafficSink();
  sink.add("write", 0, 7, 0);
  sink.add("rename", 0, 7, 0, { other: 9 });
  sink.add("read", 0, 9, 0);
  const facts = { tiers: ["ssd"] as const, blockBytes: 4096, gpuHitBlocks: 0, missBlocks: 0 };
  const { ops } = planTraffic(sink.finish(facts));
  assert.equal(ops[1].slot, ops[0].slot);
  assert.equal(ops[1].content, ops[0].content);
  sink.add("read", 0, 7, 0);
  assert.throws(() => planTraffic(sink.finish(facts)), { kind: "data", message: /block 7/ });
});

test("a damaged block file is noticed when it is read", async () => {
  await inFolder(async (folder) => {
    const options = { blockBytes: 4096, slots: 2, direct: false, lanes: 1 };
    const file = openBlockFile(join(folder, "kv"), options);
    const block = new Uint8Array(4096);
    fillBlock(new Uint32Array(block.buffer), 0);
    block[100] ^= 0xff;
    await file.write(0, 1, block);
    await file.read(0, 1, block);
    assert.throws(() => verifyBlock(block, 0), { kind: "data" });
    await assert.rejects(file.read(0, 5, block), { kind: "data", message: /slot 5 ends/ });
    file.close();
  });
});

test("traffic that needs more room than there is is refused before it starts", async () => {
  await inFolder(async (folder) => {
    const traffic = lruTraffic(SMALL);
    await assert.rejects(executeTraffic(traffic, { ...optionsIn(folder), freeBytes: 4096 }), {
      kind: "environment",
      message: /are free/,
    });
    await assert.rejects(
      executeTraffic(traffic, { ...optionsIn(folder), blockBytes: 1000, direct: true }),
      { kind: "usage", message: /multiple of 4096/ },
    );
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("the iolog has one line an operation of the drive, at the places of the plan", () => {
  const traffic = lruTraffic(SMALL);
  const counts = countOperations(traffic);
  const lines = [...fioIolog(traffic, 8192, false, (tier) => `${tier}.blocks`)];
  assert.equal(lines[0], "fio version 2 iolog");
  assert.equal(lines.filter((l) => / read /.test(l)).length, counts.get("ssd-read"));
  assert.equal(lines.filter((l) => / write /.test(l)).length, counts.get("ssd-write"));
  assert.deepEqual(lines.slice(1, 3), ["ssd.blocks add", "ssd.blocks open"]);
  for (const line of lines.slice(3, -1)) assert.match(line, /^ssd\.blocks \w+ \d+ 8192$/);
  assert.match([...fioIolog(traffic, 8192, true, String)][3], /^0 ssd write \d+ 8192$/);
});

test("a checkpoint is written under its final name only, and comes back whole", async () => {
  await inFolder((folder) => {
    const { phases, verifiedBytes } = writeCheckpoint(join(folder, "c"), 12 * 2 ** 20, 1);
    assert.deepEqual(readdirSync(folder), ["c"]);
    assert.equal(verifiedBytes, 12 * 2 ** 20);
    assert.deepEqual(phases.map((p) => p.name), [
      "checkpoint-write",
      "checkpoint-fsync",
      "checkpoint-read",
    ]);
    assert.equal(phases[0].bytesWritten, verifiedBytes);
    assert.equal(phases[2].bytesRead, verifiedBytes);
  });
});

test("bench kv prints what it moved and leaves the folder as it was", async () => {
  await inFolder((folder) => {
    const small = [
      "--set",
      "distinctBlocks=64",
      "--set",
      "memoryBlocks=8",
      "--set",
      "references=500",
    ];
    const done = spillway(["bench", "kv", "--json", "--set", "blockBytes=64KiB", ...small], {
      cwd: folder,
    });
    assert.equal(done.code, 0, done.stderr);
    const document = JSON.parse(done.stdout);
    assert.equal(document.params.blockBytes, 65536);
    assert.ok(document.verifiedBytes > 0);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("a misspelt parameter or workload is a usage error with a proposal", () => {
  const wrong = spillway(["bench", "kv", "--set", "blockByte=1"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean "blockBytes"/);
  assert.match(spillway(["bench", "storage-dem"]).stderr, /did you mean "storage-demo"/);
});
