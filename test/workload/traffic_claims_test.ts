import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { TrafficLaws } from "../../src/workload/kv/calibrate_traffic.ts";
import { lruTraffic } from "../../src/workload/kv/lru_traffic.ts";
import { trafficClaims } from "../../src/workload/kv/traffic_claims.ts";

const KIB = 1024;

const TRAFFIC = lruTraffic({
  blockBytes: 256 * KIB,
  memoryBlocks: 16,
  distinctBlocks: 64,
  references: 400,
  seed: 1,
});

const law = (baseSeconds: number, secondsPerByte: number) => ({
  baseSeconds,
  secondsPerByte,
  low: 0.9,
  high: 1.2,
  residual: 0.05,
});

const LAWS: TrafficLaws = {
  "dram-read": law(1e-6, 1e-10),
  "dram-write": law(1e-6, 1e-10),
  "ssd-read": law(1e-4, 5e-10),
  "ssd-write": law(2e-4, 1e-9),
  "ssd-fsync": law(1e-3, 0),
  rest: law(1e-5, 0),
};

function reads(readBandwidth: number | null): { seconds: number; operations: number } {
  const claims = trafficClaims(TRAFFIC, LAWS, {
    blockBytes: 256 * KIB,
    syncEvery: 64,
    readBandwidth,
  });
  const of = (quantity: string) => claims.find((c) => c.quantity === quantity)!.predicted;
  return { seconds: of("ssd-read seconds"), operations: of("ssd-read operations") };
}

test("reads without a limit take their law, operation by operation", () => {
  const { seconds, operations } = reads(null);
  assert.ok(operations > 100);
  assert.ok(Math.abs(seconds - operations * (1e-4 + 5e-10 * 256 * KIB)) < 1e-12);
});

test("limited reads take the limiter's slices, less the time of everything else", () => {
  const free = reads(null);
  const bytes = free.operations * 256 * KIB;
  // A very low limit: everything else is nothing beside it, and the first slice's bytes pass at once.
  const rate = bytes / 99.99;
  const { seconds } = reads(rate);
  assert.ok(seconds > 99 && seconds <= 99.9, `${seconds} s`);
});

test("a higher limit is never slower, and none is fastest", () => {
  const rate = fc.double({ min: 1e6, max: 1e10, noNaN: true });
  fc.assert(fc.property(rate, rate, (a, b) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)].map((r) => reads(r).seconds);
    assert.ok(low >= high && high >= reads(null).seconds);
  }));
});
