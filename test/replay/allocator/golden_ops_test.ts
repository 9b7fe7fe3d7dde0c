import assert from "node:assert/strict";
import { test } from "node:test";
import { needsShared, sharedText } from "../../shared.ts";
import { type Line, opLine, replayFile, withFile } from "./ops_replay.ts";

const skip = needsShared("golden/allocator/C1.json");

interface Golden {
  capacity: number;
  conf?: string;
  fragLimit?: number;
  ops: string[];
  expect: Record<string, unknown>[];
}

interface Segment {
  address: number;
  blocks: Record<string, unknown>[];
  [key: string]: unknown;
}

/** Segments as the golden files show them; what a free block was once asked for says nothing. */
function comparable(segments: unknown, keys: readonly string[]): unknown {
  return [...segments as Segment[]].sort((a, b) => a.address - b.address).map((s) => ({
    ...Object.fromEntries(keys.map((k) => [k, s[k]])),
    blocks: s.blocks.map((b) => ({
      ...b,
      requested_size: b.state === "inactive" ? 0 : b.requested_size,
    })),
  }));
}

function compare(line: Line, expected: Record<string, unknown>, where: string): void {
  for (const [key, value] of Object.entries(expected)) {
    if (key === "op") continue;
    if (key !== "segs") {
      assert.equal(line[key], value, `${key} after ${where}`);
      continue;
    }
    const keys = Object.keys((value as Segment[])[0] ?? {}).filter((k) => k !== "blocks");
    assert.deepEqual(comparable(line.segs, keys), comparable(value, keys), where);
  }
}

const FILES = [
  ...Array.from({ length: 13 }, (_, i) => `C${i + 1}`),
  ...Array.from({ length: 6 }, (_, i) => `E${i + 1}`),
  "G1",
  "G2",
  "G3",
];

for (const name of FILES) {
  test(`${name} as JSON lines: every line has the address, the counters and the segments`, {
    skip,
  }, async () => {
    const golden: Golden = JSON.parse(sharedText(`golden/allocator/${name}.json`));
    const policy = golden.fragLimit !== undefined
      ? "gmlake"
      : golden.conf!.includes("expandable")
      ? "pytorch-expandable"
      : "pytorch-caching";
    const params = {
      capacity: golden.capacity,
      ...(golden.fragLimit === undefined ? { conf: golden.conf } : { fragLimit: golden.fragLimit }),
    };
    await withFile("ops.jsonl", golden.ops.map(opLine).join("\n"), async (path) => {
      const { lines } = await replayFile(path, policy, params);
      assert.equal(lines.length, golden.ops.length);
      lines.forEach((line, i) =>
        compare(line, golden.expect[i], `${golden.ops[i]} (operation ${i})`)
      );
    });
  });
}

const KV = "golden/allocator/kv_buddy_bfc.json";
const noKv = needsShared(KV);
const MIB = 2 ** 20;
const UNITS: Record<string, number> = { "": 1, MiB: MIB };

/** Turns `a=3MiB` and `free a` into operations. */
function opsOf(states: readonly { m: string }[]): string[] {
  const names: string[] = [];
  return states.map(({ m }) => {
    const [, name, amount, unit] = /^(\w)=([\d.]+)(MiB)?$/.exec(m) ?? [];
    if (name === undefined) return `f ${names.indexOf(m.split(" ")[1])}`;
    return `a ${names.push(name) - 1} ${Number(amount) * UNITS[unit ?? ""]}`;
  });
}

test("B1: a buddy pool of 64 gives the chunks, splits and merges", { skip: noKv }, async () => {
  const { B1 } = JSON.parse(sharedText(KV));
  await withFile("b1.jsonl", opsOf(B1.states).map(opLine).join("\n"), async (path) => {
    const { lines } = await replayFile(path, "buddy", { size: B1.size, minChunk: B1.min });
    for (const [i, state] of B1.states.entries()) {
      assert.equal(lines[i].addr ?? null, state.addr, state.m);
      for (const key of ["used", "largest", "splits", "merges"]) {
        assert.equal(lines[i][key], state[key], `${key} after ${state.m}`);
      }
    }
  });
});

test("F1: TensorFlow's allocator gives the chunks, regions and fragmentation", {
  skip: noKv,
}, async () => {
  const { F1 } = JSON.parse(sharedText(KV));
  await withFile("f1.jsonl", opsOf(F1.states).map(opLine).join("\n"), async (path) => {
    const { lines } = await replayFile(path, "bfc", { limit: F1.limit });
    const base = Number(lines[0].addr);
    for (const [i, state] of F1.states.entries()) {
      const at = typeof lines[i].addr === "number" ? Number(lines[i].addr) - base : null;
      assert.equal(at, state.off, state.m);
      assert.equal(lines[i].block ?? null, state.size, state.m);
      for (const key of ["total", "inUse", "largest", "frag"]) {
        assert.equal(lines[i][key], state[key], `${key} after ${state.m}`);
      }
    }
  });
});

test("D1: the greedy plan places every tensor, and meets the lower bound", {
  skip: noKv,
}, async () => {
  const { D1 } = JSON.parse(sharedText(KV));
  const names = D1.placed.map((p: { id: string }) => p.id).sort();
  const csv = [
    "id,lower,upper,size",
    ...names.map((name: string) => {
      const p = D1.placed.find((q: { id: string }) => q.id === name);
      return `${names.indexOf(name)},${p.start},${p.end},${p.size}`;
    }),
  ].join("\n");
  await withFile("d1.csv", csv, async (path) => {
    const { outcome, lines } = await replayFile(path, "planner", { align: 1 });
    assert.deepEqual(
      lines.map((l) => ({
        id: names[Number(l.id)],
        size: l.size,
        start: l.start,
        end: l.end,
        off: l.off,
        len: l.len,
      })),
      D1.placed,
    );
    assert.equal(outcome.metrics.planned_bytes.value, D1.peak);
    assert.equal(outcome.metrics.lower_bound_bytes.value, D1.lowerBound);
  });
});
