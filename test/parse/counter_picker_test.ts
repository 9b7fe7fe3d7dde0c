import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import {
  createCounterPicker,
  parseKeyedCounters,
  parseMeminfo,
} from "../../src/parse/keyed_counters.ts";

test("the picker gives what a full parse of this machine's files gives, also when lines move", () => {
  const meminfo = readFileSync("/proc/meminfo", "utf8");
  const all = parseMeminfo(meminfo);
  const keys = [...all.keys()];
  const pick = createCounterPicker(keys, ":");
  const reversed = meminfo.trimEnd().split("\n").reverse().join("\n");
  for (const text of [meminfo, reversed, meminfo]) {
    keys.forEach((key, i) => assert.equal(pick(text, i), all.get(key), key));
  }
  const vmstat = readFileSync("/proc/vmstat", "utf8");
  const counters = parseKeyedCounters(vmstat, "/proc/vmstat");
  const names = [...counters.keys()];
  const pickCounter = createCounterPicker(names, " ");
  names.forEach((key, i) => assert.equal(pickCounter(vmstat, i), counters.get(key), key));
});

test("a key that is part of another key, missing, or without a number gives null", () => {
  const pick = createCounterPicker(["Cached", "Gone", "Bad"], ":");
  const text = "SwapCached: 1 kB\nBad: x\nCached: 2 kB\n";
  assert.equal(pick(text, 0), 2048);
  assert.equal(pick(text, 1), null);
  assert.equal(pick(text, 2), null);
});

test("the picker never throws, whatever the text", () => {
  const pick = createCounterPicker(["a", "bc"], " ");
  fc.assert(fc.property(fc.string(), (text) => {
    for (const i of [0, 1]) {
      const value = pick(text, i);
      assert.ok(value === null || value >= 0);
    }
  }));
});
