import assert from "node:assert/strict";
import { test } from "node:test";
import { createLateness } from "../../src/collect/lateness.ts";
import { createSampler, type FrameTarget, type SampledSource } from "../../src/collect/sampler.ts";
import type { OpenSource } from "../../src/collect/source.ts";
import type { SampleSeries } from "../../src/model/trace/samples.ts";

interface Frame {
  readonly time: number;
  readonly source: string;
  readonly values: readonly number[];
  readonly reasons: readonly string[];
}

function collect(): FrameTarget & { frames: Frame[] } {
  const definitions: SampleSeries[] = [];
  const reasonTexts: string[] = [];
  const frames: Frame[] = [];
  return {
    frames,
    series: (definition) => {
      const at = definitions.findIndex((d) =>
        d.source === definition.source && d.field === definition.field
      );
      return at >= 0 ? at : definitions.push(definition) - 1;
    },
    reason: (text) => {
      const at = reasonTexts.indexOf(text);
      return at >= 0 ? at : reasonTexts.push(text) - 1;
    },
    frame: (time, series, values, reasons, count) =>
      frames.push({
        time,
        source: definitions[series[0]].source,
        values: values.slice(0, count),
        reasons: reasons.slice(0, count).filter((r) => r >= 0).map((r) => reasonTexts[r]),
      }),
  };
}

function source(
  name: string,
  sample: OpenSource["sample"],
  minIntervalNs = 0,
  failure: () => string | null = () => null,
): SampledSource {
  return {
    name,
    minIntervalNs,
    probe: { status: "ok", reason: null, remedy: null, devices: [] },
    open: { sample, failure, close: () => Promise.resolve() },
  };
}

function counting(name: string): OpenSource["sample"] {
  let n = 0;
  return (sink) =>
    sink.push(
      sink.series({ source: name, device: "", field: "n", unit: "count", type: "counter" }),
      n++,
    );
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("ticks do not drift: tick k is near k intervals however long a reading takes", async () => {
  const target = collect();
  const slow = counting("a");
  const sampler = createSampler(
    [source("a", (sink) => {
      const until = performance.now() + 6;
      while (performance.now() < until);
      return slow(sink);
    })],
    target,
    20e6,
  );
  await sampler.start();
  const started = performance.now();
  await sleep(800);
  // By the time that passed: a busy machine may sleep longer.
  const due = (performance.now() - started) / 20;
  await sampler.stop();
  const { ticks, missedTicks } = sampler.statistics();
  // A relative schedule would take 26 ms a tick and come to three quarters of it.
  assert.ok(Math.abs(ticks + missedTicks - due) <= 3, `${ticks} + ${missedTicks} of ${due}`);
});

test("what comes after a tick comes after its readings, once a tick", async () => {
  const target = collect();
  const seen: number[] = [];
  const sampler = createSampler(
    [source("a", counting("a"))],
    target,
    20e6,
    () => seen.push(target.frames.length),
  );
  await sampler.start();
  await sleep(200);
  await sampler.stop();
  assert.equal(seen.length, sampler.statistics().ticks);
  // One reading before the first tick, then one in each.
  assert.deepEqual(seen, seen.map((_, k) => k + 2));
});

test("a slow source holds up nothing and keeps its own cadence", async () => {
  const target = collect();
  let running = 0;
  let atOnce = 0;
  const sampler = createSampler(
    [
      source("fast", counting("fast")),
      source("slow", async (sink) => {
        atOnce = Math.max(atOnce, ++running);
        await sleep(120);
        running--;
        sink.push(
          sink.series({ source: "slow", device: "", field: "n", unit: "count", type: "gauge" }),
          1,
        );
      }),
    ],
    target,
    20e6,
  );
  await sampler.start();
  await sleep(600);
  await sampler.stop();
  const of = (name: string) => target.frames.filter((f) => f.source === name).length;
  assert.ok(of("fast") > 20, `${of("fast")} readings of the fast source`);
  assert.ok(of("slow") >= 4 && of("slow") <= 8, `${of("slow")} readings of the slow source`);
  assert.equal(atOnce, 1);
});

test("every source is read at the start, at time 0, and at the end, also one that is read once a minute", async () => {
  const target = collect();
  const sampler = createSampler([source("rare", counting("rare"), 60e9)], target, 20e6);
  await sampler.start();
  await sleep(100);
  await sampler.stop();
  assert.deepEqual(target.frames.map((f) => f.values[0]), [0, 1]);
  assert.equal(target.frames[0].time, 0);
  assert.ok(target.frames[1].time >= 80e6);
});

test("a counter of time is not read before a slow source is waited for and stamped after it", async () => {
  const target = collect();
  const clock: OpenSource["sample"] = (sink) =>
    sink.push(
      sink.series({ source: "clock", device: "", field: "s", unit: "seconds", type: "counter" }),
      performance.now() / 1e3,
    );
  const slow: OpenSource["sample"] = async (sink) => {
    await sleep(150);
    sink.push(sink.series({ source: "slow", device: "", field: "n", unit: "", type: "gauge" }), 1);
  };
  const sampler = createSampler(
    [source("clock", clock), source("slow", slow, 10e9)],
    target,
    20e6,
  );
  await sampler.start();
  await sleep(100);
  await sampler.stop();
  const [first, second] = target.frames.filter((f) => f.source === "clock");
  const rate = (second.values[0] - first.values[0]) / ((second.time - first.time) / 1e9);
  assert.ok(rate < 1.5, `a clock runs ${rate.toFixed(2)} s a second in the first interval`);
});

test("a source that throws or fails is partial from that time on and the others go on", async () => {
  const target = collect();
  let calls = 0;
  const sampler = createSampler(
    [
      source("good", counting("good")),
      source("throws", () => {
        throw new Error("gone");
      }),
      source("fails", counting("fails"), 0, () => ++calls > 3 ? "GPU is lost" : null),
    ],
    target,
    20e6,
  );
  await sampler.start();
  await sleep(200);
  await sampler.stop();
  const [good, throws, fails] = sampler.statuses();
  assert.equal(good.status, "ok");
  assert.deepEqual([throws.status, throws.reason, throws.sinceNs], ["partial", "gone", 0]);
  assert.deepEqual([fails.status, fails.reason], ["partial", "GPU is lost"]);
  assert.ok(fails.sinceNs! > 0);
  assert.ok(good.samples >= 8);
});

test("a missing value is kept with its reason, never as 0", async () => {
  const target = collect();
  const sampler = createSampler(
    [source("a", (sink) => {
      const id = (field: string) =>
        sink.series({ source: "a", device: "", field, unit: "count", type: "gauge" });
      sink.push(id("x"), null, "no permission");
      sink.push(id("y"), Infinity);
    })],
    target,
    20e6,
  );
  await sampler.start();
  await sampler.stop();
  assert.ok(target.frames[0].values.every((v) => Number.isNaN(v)));
  assert.deepEqual(target.frames[0].reasons, ["no permission", "not reported"]);
});

test("quantiles of lateness are right to a sixteenth over nine decades", () => {
  const lateness = createLateness();
  const values: number[] = [];
  for (let i = 0; i < 20000; i++) {
    const value = Math.round(10 ** ((i * 7919 % 20000) / 20000 * 9));
    values.push(value);
    lateness.add(value);
  }
  values.sort((a, b) => a - b);
  for (const q of [0.01, 0.5, 0.9, 0.99, 1]) {
    const exact = values[Math.ceil(q * values.length) - 1];
    const got = lateness.quantile(q);
    assert.ok(got >= exact && got <= exact * (1 + 1 / 16) + 1, `q ${q}: ${got} against ${exact}`);
  }
  assert.equal(createLateness().quantile(0.99), 0);
});
