import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  counterDelta,
  counterDisagreement,
  nvmlEnergy,
  raplEnergy,
  stepHoldEnergy,
  trapezoidEnergy,
} from "../../src/estimate/formulas/energy.ts";
import { kwhOfJoules } from "../../src/estimate/formulas/units.ts";
import { near } from "./near.ts";

const E1 = { seconds: [0, 1, 2, 3, 5, 6, 7], watts: [60, 60, 300, 400, 400, 200, 80] };

test("E1: irregular samples integrate to 1830 J, 5.083333e-4 kWh", () => {
  const energy = trapezoidEnergy(E1);
  near(energy.joules, 1830);
  near(kwhOfJoules(energy.joules!), 1830 / 3.6e6);
});

test("E1: a window inside the samples is interpolated at both edges (W17: not 1150 J)", () => {
  const energy = trapezoidEnergy(E1, { window: { startSeconds: 1.5, endSeconds: 5.5 } });
  near(energy.joules, 1445);
  assert.equal(energy.coverageRatio, 1);
});

test("E2: uncompressed samples give 1150 J, a linear ramp between survivors 2500 J (W17)", () => {
  const full = {
    seconds: Array.from({ length: 11 }, (_, i) => i),
    watts: [...Array(10).fill(100), 400],
  };
  near(trapezoidEnergy(full).joules, 1150);
  near(trapezoidEnergy({ seconds: [0, 10], watts: [100, 400] }).joules, 2500);
  near(stepHoldEnergy({ seconds: [0, 10], watts: [100, 400] }), 1000);
  // A collector that also emits the last sample of a run of repeats loses nothing.
  near(trapezoidEnergy({ seconds: [0, 9, 10], watts: [100, 100, 400] }).joules, 1150);
});

test("E3: a gap longer than maxGap is not bridged and is reported", () => {
  const samples = { seconds: [0, 1, 61, 62], watts: [300, 300, 300, 300] };
  const energy = trapezoidEnergy(samples, { maxGapSeconds: 5 });
  near(energy.joules, 600);
  near(energy.coverageRatio, 2 / 62);
  near(energy.uncoveredSeconds, 60);
  near(trapezoidEnergy(samples).joules, 18600);
});

test("a window wider than the samples counts the rest as uncovered, never as zero watts", () => {
  const energy = trapezoidEnergy(E1, { window: { startSeconds: -7, endSeconds: 7 } });
  near(energy.joules, 1830);
  near(energy.coverageRatio, 0.5);
});

test("fewer than two samples are unknown with a reason, not 0 J (W15, W17)", () => {
  for (const samples of [{ seconds: [], watts: [] }, { seconds: [3], watts: [200] }]) {
    const energy = trapezoidEnergy(samples);
    assert.equal(energy.joules, null);
    assert.match(energy.reason!, /two samples/);
  }
  const split = trapezoidEnergy({ seconds: [0, 100], watts: [1, 1] }, { maxGapSeconds: 5 });
  assert.equal(split.joules, null);
});

test("missing readings widen the gap instead of counting as zero", () => {
  const energy = trapezoidEnergy({ seconds: [0, 1, 2, 3], watts: [100, NaN, 100, 100] }, {
    maxGapSeconds: 1.5,
  });
  near(energy.joules, 100);
  near(energy.uncoveredSeconds, 2);
});

test("E4: NVML counters give joules; a driver reload restarts the segment (W15: never negative, never abs)", () => {
  near(nvmlEnergy([5_000_000_000, 5_000_360_000]).joules, 360);
  near(kwhOfJoules(nvmlEnergy([5_000_000_000, 5_000_360_000]).joules), 1e-4);
  const reset = nvmlEnergy([9_000_000, 100]);
  near(reset.joules, 0.1);
  assert.equal(reset.counterReset, true);
});

test("E4: RAPL wraps at its range", () => {
  near(raplEnergy([262_143_000_000, 1_000_000], 262_143_328_850), 1.32885);
  assert.equal(counterDelta([262_143_000_000, 1_000_000], 262_143_328_850).wraps, 1);
});

test("a counter reading outside its range is refused", () => {
  assert.throws(() => counterDelta([5, 11], 10), RangeError);
  assert.throws(() => counterDelta([-1, 3]), RangeError);
});

test("W18: counter and integral are cross-checked as a share of the counter", () => {
  near(counterDisagreement(187, 327), 140 / 187);
});

const series = fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), {
  minLength: 2,
  maxLength: 40,
}).chain((times) =>
  fc.record({
    seconds: fc.constant(times.map((t) => t / 10)),
    watts: fc.array(fc.integer({ min: 0, max: 1000 }), {
      minLength: times.length,
      maxLength: times.length,
    }),
  })
);

test("splitting a window at any time adds up", () => {
  fc.assert(fc.property(series, fc.double({ min: 0, max: 1, noNaN: true }), (s, where) => {
    const start = Math.min(...s.seconds);
    const end = Math.max(...s.seconds);
    const cut = start + (end - start) * where;
    const part = (a: number, b: number) =>
      trapezoidEnergy(s, { window: { startSeconds: a, endSeconds: b } }).joules ?? 0;
    const whole = part(start, end);
    assert.ok(Math.abs(part(start, cut) + part(cut, end) - whole) <= 1e-6 * Math.max(1, whole));
  }));
});

test("the order in which samples arrive does not matter", () => {
  fc.assert(fc.property(series, fc.infiniteStream(fc.nat()), (s, stream) => {
    const keys = s.seconds.map(() => stream.next().value as number);
    const order = s.seconds.map((_, i) => i).sort((a, b) => keys[a] - keys[b]);
    const shuffled = {
      seconds: order.map((i) => s.seconds[i]),
      watts: order.map((i) => s.watts[i]),
    };
    assert.equal(trapezoidEnergy(shuffled).joules, trapezoidEnergy(s).joules);
  }));
});
