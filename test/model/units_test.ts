import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatBytes,
  formatNumber,
  formatRatio,
  formatSeconds,
  formatUsd,
  parseBytes,
  parseSeconds,
} from "../../src/model/units.ts";

test("decimal and binary units are told apart", () => {
  assert.equal(parseBytes("1GB"), 1e9);
  assert.equal(parseBytes("1GiB"), 2 ** 30);
  assert.equal(parseBytes("1.5 TB"), 1.5e12);
  assert.equal(parseBytes("512"), 512);
  assert.equal(parseBytes("40gib"), 40 * 2 ** 30);
});

test("what is no whole number of bytes is refused with the place", () => {
  for (
    const bad of ["", "GiB", "1.5B", "-1KiB", "1 XB", "1e400", "0x10", "1,5GB", "9007199254740993"]
  ) {
    assert.throws(
      () => parseBytes(bad, "--capacity"),
      { kind: "usage", message: /--capacity/ },
      bad,
    );
  }
});

test("durations add up their parts", () => {
  assert.equal(parseSeconds("100ms"), 0.1);
  assert.equal(parseSeconds("2m30s"), 150);
  assert.equal(parseSeconds("1.5h"), 5400);
  assert.equal(parseSeconds("1y2w"), (365 + 14) * 86_400);
  assert.equal(parseSeconds("7"), 7);
  assert.equal(parseSeconds("1h 30min"), 5400);
  for (const bad of ["", "ms", "5 parsecs", "1h x", "-1s"]) {
    assert.throws(() => parseSeconds(bad), { kind: "usage" }, bad);
  }
});

test("bytes print with a unit that says its base", () => {
  assert.equal(formatBytes(40 * 2 ** 30), "40 GiB");
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023.96 * 1024), "1 MiB");
  assert.equal(formatBytes(-2048), "-2 KiB");
});

const FACTOR: Record<string, number> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

test("printed bytes are within rounding of the bytes", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 50 - 1 }), (bytes) => {
    const [number, unit] = formatBytes(bytes).split(" ");
    const back = Number(number) * (FACTOR[unit] ?? 2 ** 50);
    assert.ok(Math.abs(back - bytes) <= bytes * 6e-4, `${bytes} -> ${formatBytes(bytes)}`);
  }));
});

test("seconds, numbers, ratios and dollars read well", () => {
  assert.equal(formatSeconds(0.0015), "1.5 ms");
  assert.equal(formatSeconds(119.99), "120 s");
  assert.equal(formatSeconds(7380), "2 h 3 min");
  assert.equal(formatSeconds(3599.9), "60 min");
  assert.equal(formatNumber(1234567), "1,234,567");
  assert.equal(formatNumber(0.123456), "0.1235");
  assert.equal(formatRatio(0.6396), "63.96 %");
  assert.equal(formatUsd(1234.5), "$1,234.50");
  assert.equal(formatUsd(0.000123), "$0.000123");
});
