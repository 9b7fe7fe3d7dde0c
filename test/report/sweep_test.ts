import assert from "node:assert/strict";
import { test } from "node:test";
import { metric } from "../../src/model/metric.ts";
import type { PolicyResult, ReplayDocument } from "../../src/model/results.ts";
import { chart } from "../../src/report/charts/sweep.ts";
import { buildPage } from "../../src/report/page.ts";
import { sweepCurves } from "../../src/report/sweep.ts";
import { CHARTS } from "../../src/registry/charts.ts";
import { plainInput } from "./documents.ts";

function result(policy: string, seconds: number, swept: Record<string, string> = {}): PolicyResult {
  const params = Object.fromEntries(
    Object.entries(swept).map(([key, text]) => [
      key,
      /GiB/.test(text)
        ? parseInt(text) * 2 ** 30
        : Number.isNaN(Number(text))
        ? text
        : Number(text),
    ]),
  );
  return {
    policy,
    family: "offload",
    params,
    ...(Object.keys(swept).length === 0 ? {} : { swept }),
    metrics: {
      ttft_p99_seconds: metric(seconds, "seconds", "modelled", { low: seconds / 2, high: seconds }),
    },
    usage: null,
    legend: { summary: "s", reference: "r", lossy: false },
  };
}

function replay(results: PolicyResult[]): ReplayDocument {
  const seconds = (i: number) => Number(results[i].metrics.ttft_p99_seconds.value);
  const order = results.map((_, i) => i).sort((a, b) => seconds(a) - seconds(b));
  return {
    schema: "spillway/replay/1",
    tool: { name: "spillway", version: "0" },
    family: "offload",
    trace: { id: null, name: "t", kind: "requests", format: "f", sha256: null, rows: 1 },
    profiles: {},
    seed: 1,
    results,
    ranking: {
      by: "ttft_p99_seconds",
      better: "lower",
      order: order.map((index, i) => ({
        rank: i + 1,
        result: index,
        policy: results[index].policy,
      })),
      recommendation: "x",
    },
  };
}

const DRAM = replay([
  result("recompute", 0.5),
  ...["1GiB", "4GiB", "64GiB"].map((dram, i) => result("kv-offload", 0.6 - 0.2 * i, { dram })),
]);

test("a sweep through numbers is a line over the parameter, what does not have it is level", () => {
  const [curve, ...others] = sweepCurves(DRAM);
  assert.equal(others.length, 0);
  assert.deepEqual([curve.parameter, curve.xUnit], ["dram", "bytes"]);
  const of = (series: string) =>
    curve.rows.filter((r) => r.series === series).map(({ x, y, fixed }) => [x / 2 ** 30, y, fixed]);
  assert.deepEqual(of("recompute"), [[1, 0.5, 1], [64, 0.5, 1]]);
  assert.deepEqual(of("kv-offload").map(([x, , fixed]) => [x, fixed]), [[1, 0], [4, 0], [64, 0]]);
  const { spec, description } = chart.build(
    {
      title: "TTFT p99",
      rows: curve.rows,
      options: { xTitle: "dram", xUnit: "bytes", unit: "seconds", better: "lower" },
    } as Parameters<typeof chart.build>[0],
  );
  assert.match(description, /recompute does not depend on it: 500 ms/);
  assert.match(description, /kv-offload is best with 200 ms at 64 GiB, worst with 600 ms at 1 GiB/);
  const lines = (spec as { layer: { encoding: { x: { scale: { type: string } } } }[] }).layer[1];
  assert.equal(lines.encoding.x.scale.type, "log");
});

test("words, single values and too many lines are not drawn over; two parameters give two pictures", () => {
  assert.deepEqual(
    sweepCurves(replay([result("a", 1, { e: "lru" }), result("a", 2, { e: "arc" })])),
    [],
  );
  assert.deepEqual(sweepCurves(replay([result("a", 1, { n: "1" }), result("b", 2)])), []);
  const grid = sweepCurves(
    replay([1, 2].flatMap((n) => ["lru", "arc"].map((e) => result("a", n, { n: String(n), e })))),
  );
  assert.deepEqual(grid.map(({ parameter, xUnit }) => [parameter, xUnit]), [["n", null]]);
  assert.deepEqual([...new Set(grid[0].rows.map((r) => r.series))], ["a e=lru", "a e=arc"]);
  const many = Array.from({ length: 20 }, (_, i) => result(`p${i % 10}`, i + 1, { n: String(i) }));
  assert.equal(new Set(sweepCurves(replay(many))[0].rows.map((r) => r.series)).size, 6);
});

test("the report draws the line in place of bars by rank", async () => {
  const charts = new Map(
    await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
  );
  const input = plainInput();
  const at = input.items.findIndex((item) => item.kind === "replay");
  const items = input.items.map((item, i) => i === at ? { ...item, document: DRAM } : item);
  const page = await buildPage({ ...input, items } as typeof input, charts);
  assert.match(page, /over dram: recompute does not depend on it/);
  assert.doesNotMatch(page, /TTFT p99: lower is better: kv-offload/);
});
