import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { liveBytes, type Tensors } from "../../../src/replay/training/recorded.ts";
import { planSwaps } from "../../../src/replay/training/swap/capuchin.ts";
import { type G10Machine, planMigrations } from "../../../src/replay/training/swap/g10.ts";
import { createLane } from "../../../src/replay/training/swap/lane.ts";
import type { SwapPlan } from "../../../src/replay/training/swap/plan.ts";

function tensorsOf(
  rows: readonly (readonly [bytes: number, start: number, end: number])[],
): Tensors {
  const sorted = [...rows].sort((a, b) => a[1] - b[1]);
  return {
    count: sorted.length,
    bytes: Float64Array.from(sorted, (r) => r[0]),
    start: Float64Array.from(sorted, (r) => r[1]),
    end: Float64Array.from(sorted, (r) => r[2]),
    seconds: Math.max(...sorted.map((r) => Number.isFinite(r[2]) ? r[2] : r[1])),
  };
}

/** Activations of a chain of layers, made in order and freed in reverse; one tensor stays for ever. */
function chain(layers: number, bytes: number): Tensors {
  return tensorsOf([
    [bytes, 0, Infinity],
    ...Array.from(
      { length: layers },
      (_, i): [number, number, number] => [bytes, i, 3 * layers - i],
    ),
  ]);
}

const SWAP = {
  limitBytes: 5,
  uploadBytesPerSecond: 2,
  downloadBytesPerSecond: 2,
  latencySeconds: 0,
  minBytes: 1,
  ways: "both",
} as const;

const G10: G10Machine = {
  limitBytes: 5,
  hostBytes: 100,
  hostBytesPerSecond: 2,
  ssdReadBytesPerSecond: 1,
  ssdWriteBytesPerSecond: 1,
  ssdReadSeconds: 0,
  ssdWriteSeconds: 0,
  systemSeconds: 0,
  delta: 0,
  minBytes: 1,
};

/** A plan moves whole tensors within their lives, on lanes that carry one transfer at a time. */
function check(tensors: Tensors, plan: SwapPlan): void {
  const lanes: Record<"out" | "in", [number, number][]> = { out: [], in: [] };
  for (const m of plan.moves) {
    assert.equal(m.bytes, tensors.bytes[m.tensor], "what goes out comes back");
    assert.ok(m.outStart >= tensors.start[m.tensor] - 1e-9);
    assert.ok(m.awayFrom <= m.awayTo + 1e-9 || m.costSeconds > 0);
    if (m.costSeconds === 0) {
      assert.ok(m.inEnd <= tensors.end[m.tensor] + 1e-9, "back before its use");
    }
    if (m.how === "recompute") continue;
    lanes.out.push([m.outStart, m.outEnd]);
    lanes.in.push([m.inStart, m.inEnd]);
    assert.ok(m.inStart >= m.outEnd - 1e-9);
  }
  for (const lane of Object.values(lanes)) {
    lane.sort((a, b) => a[0] - b[0]);
    lane.forEach(([from], i) =>
      assert.ok(i === 0 || from >= lane[i - 1][1] - 1e-9, "one at a time")
    );
  }
  const away = plan.moves.map((m) => ({ from: m.awayFrom, to: m.awayTo, bytes: m.bytes }));
  assert.ok(
    liveBytes(tensors, away).peakBytes <= plan.peakBytes + 1e-9,
    "the peak is no lower bound",
  );
  assert.equal(new Set(plan.moves.map((m) => m.tensor)).size, plan.moves.length);
}

test("swaps hide behind a long step, and the peak comes under the limit", () => {
  const tensors = chain(8, 1);
  assert.equal(liveBytes(tensors).peakBytes, 9);
  const plan = planSwaps(tensors, SWAP);
  check(tensors, plan);
  assert.ok(plan.peakBytes <= 5, `${plan.peakBytes}`);
  assert.equal(plan.costSeconds, 0);
  assert.ok(plan.moves.every((m) => m.how === "host"));
});

test("a slow link makes computing again the cheaper way", () => {
  const tensors = chain(8, 1);
  const plan = planSwaps(tensors, {
    ...SWAP,
    uploadBytesPerSecond: 0.05,
    downloadBytesPerSecond: 0.05,
  });
  check(tensors, plan);
  assert.ok(plan.moves.some((m) => m.how === "recompute"));
  assert.ok(plan.peakBytes <= 5);
  assert.ok(plan.costSeconds > 0);
  const swapOnly = planSwaps(tensors, {
    ...SWAP,
    uploadBytesPerSecond: 0.05,
    downloadBytesPerSecond: 0.05,
    ways: "swap",
  });
  assert.ok(swapOnly.costSeconds > plan.costSeconds);
});

test("G10 sends long idle tensors to the drive, shorter ones to the host, the shortest nowhere", () => {
  const tensors = tensorsOf([[4, 0, 100], [4, 1, 12], [4, 2, 5], [4, 2.5, 3]]);
  const plan = planMigrations(tensors, { ...G10, limitBytes: 4 });
  check(tensors, plan);
  const how = new Map(plan.moves.map((m) => [m.tensor, m.how]));
  assert.equal(how.get(0), "ssd", "100 s idle, 4 s a transfer");
  assert.equal(how.get(2), undefined, "3 s idle, 2 s a transfer to the host");
  const host = planMigrations(tensors, { ...G10, limitBytes: 4, ssdWriteBytesPerSecond: 0 });
  assert.ok(host.moves.every((m) => m.how === "host"));
  const strict = planMigrations(tensors, { ...G10, limitBytes: 4, delta: 100 });
  assert.equal(strict.moves.length, 0);
});

test("host memory bounds what migrates there", () => {
  const tensors = chain(8, 1);
  const machine = { ...G10, ssdWriteBytesPerSecond: 0, limitBytes: 3 };
  assert.ok(planMigrations(tensors, machine).moves.length > 2);
  assert.ok(planMigrations(tensors, { ...machine, hostBytes: 2 }).moves.length <= 2);
});

test("plans of random lifetimes conserve bytes and time", () => {
  const row = fc.tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
  )
    .map(([bytes, start, life]): [number, number, number] => [bytes, start, start + life]);
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom(0.2, 1, 5),
      fc.constantFrom("both", "swap", "recompute"),
      (rows, limitBytes, rate, ways) => {
        const tensors = tensorsOf(rows);
        const swaps = planSwaps(tensors, {
          ...SWAP,
          limitBytes,
          uploadBytesPerSecond: rate,
          downloadBytesPerSecond: rate,
          ways: ways as "both",
        });
        check(tensors, swaps);
        check(tensors, planMigrations(tensors, { ...G10, limitBytes, hostBytesPerSecond: rate }));
      },
    ),
    { numRuns: 150, seed: 3 },
  );
});

test("a lane finds the earliest and the latest free place", () => {
  const lane = createLane();
  lane.reserve(2, 2);
  lane.reserve(6, 1);
  assert.equal(lane.earliest(0, 2), 0);
  assert.equal(lane.earliest(1, 2), 4);
  assert.equal(lane.earliest(3, 3), 7);
  assert.equal(lane.latest(10, 2, 0), 8);
  assert.equal(lane.latest(7, 2, 0), 4);
  assert.equal(lane.latest(6.5, 3, 0), NaN);
  assert.equal(lane.latest(5, 1, 0), 4);
  assert.equal(lane.latest(3.5, 1, 1.5), NaN);
  assert.equal(lane.busySeconds, 3);
});
