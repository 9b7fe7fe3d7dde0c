import assert from "node:assert/strict";
import { test } from "node:test";
import { axisFor, axisTitle, capitalised, columnTitle } from "../../src/report/axis.ts";
import type { ChartInput } from "../../src/report/chart.ts";
import { chart as bars } from "../../src/report/charts/bars.ts";
import { chart as lines } from "../../src/report/charts/lines.ts";
import { chart as points } from "../../src/report/charts/points.ts";
import { chart as tradeoff } from "../../src/report/charts/tradeoff.ts";
import { compileSpec, renderSvg } from "../../src/report/render_svg.ts";

const GIB = 2 ** 30;

/** Titles of x and y of the first layer of a chart. */
function titles(spec: Record<string, unknown>): unknown[] {
  const [first] = spec.layer as { encoding: Record<string, { title?: unknown }> }[];
  return [first.encoding.x.title, first.encoding.y.title];
}

function line(options: ChartInput["options"], most: number): ChartInput {
  return {
    title: "A line",
    rows: [{ x: 0, y: 0, series: "a" }, { x: 100, y: most, series: "a" }],
    options,
  };
}

test("an axis says its unit once, in the unit that it shows", () => {
  const of = (unit: string, title: string, most = 10) =>
    titles(
      lines.build(line({ xUnit: "percent", xTitle: "percent", yUnit: unit, yTitle: title }, most))
        .spec,
    );
  assert.deepEqual(of("slots", "Slots"), ["Percent", "Slots"]);
  assert.deepEqual(of("seconds", "Seconds"), ["Percent", "Seconds"]);
  assert.deepEqual(of("seconds", "Seconds", 86_400), ["Percent", "Hours"]);
  assert.deepEqual(of("seconds", "time lost", 86_400), ["Percent", "Time lost (hours)"]);
  assert.deepEqual(of("bytes", "Bytes", GIB), ["Percent", "Bytes"]);
  assert.equal(axisTitle(undefined, "bytes", ""), null);
});

test("columns of the data name the unit that the data have, not the axis", () => {
  const options = { xUnit: "seconds", xTitle: "time", yUnit: "ratio", yTitle: "goodput" };
  const input = {
    ...line(options, 1),
    rows: [{ x: 0, y: 0, series: "a" }, { x: 86_400, y: 1, series: "a" }],
  };
  const built = lines.build(input);
  assert.equal(titles(built.spec)[0], "Time (hours)");
  assert.equal(built.columns?.x, "Time (seconds)");
  assert.equal(columnTitle("capacity", "index", "x"), "Capacity");
  assert.equal(columnTitle(undefined, undefined, "x"), "x");
});

test("bytes are binary on the axis, beside the bars and in the sentence", async () => {
  const input = (rows: ChartInput["rows"], options: ChartInput["options"]) => ({
    title: "Bytes over each link",
    rows,
    options,
  });
  const bar = bars.build(
    input([{ label: "read", value: 40 * GIB }, { label: "write", value: 10 * GIB }], {
      xTitle: "bytes",
      unit: "bytes",
    }),
  );
  const curve = lines.build(line({ xUnit: "index", yUnit: "bytes", yTitle: "Bytes" }, 40 * GIB));
  assert.match(bar.description, /read 40 GiB, write 10 GiB/);
  assert.match(curve.description, /from 0 B to 40 GiB/);
  for (const { spec } of [bar, curve]) {
    const svg = await renderSvg(spec);
    assert.match(svg, />\d+ GiB</);
    assert.doesNotMatch(svg, />\s*[\d.]+ ?[kMGT]B</);
  }
  // The label of a tick is that of a whole number of units, not a decimal power.
  assert.match(await renderSvg(bar.spec), />20 GiB</);
  assert.equal(axisFor("bytes", 1023).divide, 1);
  assert.equal(axisFor("bytes", 3 * 2 ** 40).divide, 2 ** 40);
});

test("points and trade-offs write the unit once too", async () => {
  const rows = [
    { label: "a", x: 1, y: 2, group: "searched", front: 1 },
    { label: "b", x: 3, y: 1, group: "searched", front: 1 },
  ];
  const options = { xTitle: "seconds", xUnit: "seconds", yTitle: "cost", yUnit: "usd" };
  for (const chart of [points, tradeoff]) {
    const { spec } = chart.build({ title: "Two costs", rows, options });
    assert.deepEqual(titles(spec), ["Seconds", "Cost"], chart.name);
    assert.ok(await compileSpec(spec));
  }
});

test("titles begin with a capital unless they begin with a name", () => {
  assert.equal(capitalised("running requests"), "Running requests");
  assert.equal(capitalised("time to first token, by percent"), "Time to first token, by percent");
  for (const name of ["lru: hit ratio", "zero3 of demo", "gCO2e", "store/x", "s3-fifo", "KV", ""]) {
    assert.equal(capitalised(name), name);
  }
});
