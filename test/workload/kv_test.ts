import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openBlockFile, verifyBlock } from "../../src/workload/kv/block_file.ts";
import { fillBlock, firstDifference } from "../../src/workload/kv/block_pattern.ts";
import { createLruSlots } from "../../src/workload/kv/lru_slots.ts";
import { spillAndRefill } from "../../src/workload/kv/spill.ts";
import { writeCheckpoint } from "../../src/workload/checkpoint_file.ts";
import { spillway } from "../spillway.ts";

function inFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "spillway-kv-"));
  try {
    return body(folder);
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

test("spill and refill moves exactly the bytes that LRU asks for, all verified", () => {
  inFolder((folder) => {
    const params = {
      blockBytes: 4096,
      memoryBlocks: 16,
      distinctBlocks: 64,
      references: 2000,
      direct: false,
      syncEvery: 8,
      seed: 3,
    };
    const result = spillAndRefill(join(folder, "kv"), params, () => {});
    assert.equal(result.hits + result.misses, params.references);
    const by = Object.fromEntries(result.phases.map((p) => [p.name, p]));
    assert.equal(by["kv-refill"].bytesRead, result.verifiedBytes);
    assert.ok(result.verifiedBytes > 0);
    // A block is written once, when it first leaves memory; what never leaves is never written.
    assert.ok(by["kv-spill"].operations <= params.distinctBlocks);
    assert.ok(by["kv-spill"].operations >= params.distinctBlocks - params.memoryBlocks);
    assert.equal(by["kv-spill"].bytesWritten, by["kv-spill"].operations * params.blockBytes);
  });
});

test("a damaged block file is noticed on refill", () => {
  inFolder((folder) => {
    const file = openBlockFile(join(folder, "kv"), 4096, false);
    const block = new Uint8Array(4096);
    fillBlock(new Uint32Array(block.buffer), 0);
    file.write(0, block);
    block[100] ^= 0xff;
    file.write(1, block);
    file.read(1, block);
    assert.throws(() => verifyBlock(block, 0), { kind: "data" });
    assert.throws(() => file.read(5, block), { kind: "data", message: /slot 5 ends/ });
    file.close();
  });
});

test("a checkpoint is written under its final name only, and comes back whole", () => {
  inFolder((folder) => {
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

test("bench kv prints what it moved and leaves the folder as it was", () => {
  inFolder((folder) => {
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
