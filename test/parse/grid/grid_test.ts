import assert from "node:assert/strict";
import { test } from "node:test";
import {
  resample,
  seriesGrams,
  seriesMean,
  seriesQuantile,
} from "../../../src/estimate/formulas/grid_series.ts";
import { parseGridSeries } from "../../../src/parse/grid/parse_grid.ts";
import type { GridChoice } from "../../../src/parse/grid/table.ts";
import { unixSeconds } from "../../../src/parse/grid/timestamp.ts";
import { near, printed } from "../../estimate/near.ts";
import { needsShared, sharedBytes } from "../../shared.ts";

const parse = (text: string, choice: GridChoice = {}) =>
  parseGridSeries("grid.csv", new TextEncoder().encode(text), choice);

const MEANS: readonly [string, string, string][] = [
  ["NO_2023_hourly.csv.gz", "9.280", "34.116"],
  ["US-CAL-CISO_2023_hourly.csv.gz", "193.461", "261.158"],
];
for (const [file, direct, lifecycle] of MEANS) {
  const path = `traces/green-series/${file}`;
  test(`the time means of ${file} are ${direct} direct and ${lifecycle} g/kWh life cycle`, {
    skip: needsShared(path),
  }, () => {
    const bytes = sharedBytes(path);
    const lca = parseGridSeries(file, bytes);
    assert.equal(lca.scope, "lifecycle");
    assert.equal(lca.gramsPerKwh.length, 8760);
    printed(seriesMean(lca).gramsPerKwh, lifecycle);
    printed(seriesMean(parseGridSeries(file, bytes, { scope: "direct" })).gramsPerKwh, direct);
  });
}

test("the WattTime series of California is marginal, 31 days in 5 minute steps", {
  skip: needsShared("traces/green-series/watttime_caiso_north_5min.csv"),
}, () => {
  const series = parseGridSeries(
    "w.csv",
    sharedBytes("traces/green-series/watttime_caiso_north_5min.csv"),
  );
  assert.equal(series.signal, "marginal");
  assert.equal(series.zone, "Caiso_North");
  assert.equal(series.gramsPerKwh.length, 8928);
  near(seriesMean(series).coveredSeconds, 31 * 86_400);
  assert.match(series.notes[0], /g\/kWh is assumed/);
});

const MAPS = "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct)," +
  "Carbon Intensity gCO₂eq/kWh (LCA),Data Estimated\n";

test("a series whose step changes in the middle is weighted by time, not by rows", () => {
  const series = parse(
    MAPS + "2023-01-01 00:00:00,X,X,X,0,100,false\n2023-01-01 01:00:00,X,X,X,0,100,false\n" +
      "2023-01-01 02:00:00,X,X,X,0,400,false\n2023-01-01 02:15:00,X,X,X,0,400,true\n" +
      "2023-01-01 02:30:00,X,X,X,0,400,false\n2023-01-01 02:45:00,X,X,X,0,400,false\n",
  );
  near(seriesMean(series).gramsPerKwh, (100 * 2 + 400) / 3);
  near(seriesMean(series).coveredSeconds, 3 * 3600);
  assert.ok(series.notes.some((n) => /steps vary/.test(n)));
  assert.ok(series.notes.some((n) => /1 of 6 readings are estimated/.test(n)));
});

test("a window of a series is covered in part or not at all, and says so", () => {
  const series = parse("time,Z\n2023-01-01T00:00:00Z,100\n2023-01-01T01:00:00Z,200\n");
  const t0 = unixSeconds("2023-01-01T00:00:00Z")!;
  near(seriesMean(series, t0 + 1800, t0 + 5400).gramsPerKwh, 150);
  near(seriesMean(series, t0 + 3600, t0 + 10_800).coverageRatio, 0.5);
  assert.equal(seriesMean(series, t0 + 9e6, t0 + 9e6 + 1).gramsPerKwh, null);
  assert.equal(seriesQuantile(series, 0.05), 100);
  assert.equal(seriesQuantile(series, 0.95), 200);
});

test("a missing value leaves its time uncovered instead of counting as 0", () => {
  const series = parse("time,Z\n2023-01-01 00:00,100\n2023-01-01 01:00,\n2023-01-01 02:00,300\n");
  near(seriesMean(series).gramsPerKwh, 200);
  near(seriesMean(series).coverageRatio, 2 / 3);
});

test("a hole between rows is left uncovered and said; an irregular step is not a hole", () => {
  const at = (...hours: number[]) =>
    `time,Z\n${
      hours.map((h, i) => `${new Date(Date.UTC(2023, 0, 1, h)).toISOString()},${100 * (i + 1)}\n`)
        .join("")
    }`;
  const hole = parse(at(0, 1, 2, 26, 27, 28));
  // 24 h lie between the third and the fourth row of an hourly file: 23 of them are not known.
  near(seriesMean(hole).gramsPerKwh, 350);
  near(seriesMean(hole).coverageRatio, 6 / 29);
  assert.ok(hole.notes.some((n) => /1 hole of 23 h/.test(n)), hole.notes.join("; "));
  const irregular = parse(at(0, 1, 4, 5, 6));
  near(seriesMean(irregular).gramsPerKwh, (100 + 3 * 200 + 300 + 400 + 500) / 7);
  // From hourly to daily rows: a change of the step, nothing is missing.
  near(seriesMean(parse(at(0, 1, 2, 26, 50, 74))).coverageRatio, 1);
});

test("W19: times with a zone are turned to UTC, times without one are UTC already", () => {
  assert.equal(unixSeconds("2023-06-01T02:00:00+02:00"), unixSeconds("2023-06-01 00:00:00"));
  assert.equal(unixSeconds("2023-06-01T00:00:00-0700"), unixSeconds("2023-06-01T07:00:00Z"));
  assert.equal(unixSeconds("2023-02-30"), null);
  assert.equal(unixSeconds("yesterday"), null);
});

test("WattTime's own MOER is pounds a megawatt-hour", () => {
  const series = parse(
    "timestamp,MOER,MOER version\n2023-01-01T00:00:00Z,1000,3.2\n" +
      "2023-01-01T00:05:00Z,1000,3.2\n",
  );
  near(seriesMean(series).gramsPerKwh, 453.59237);
  const plain = parse("point_time,value\n2023-01-01T00:00:00Z,1000\n", { unit: "kg/MWh" });
  near(seriesMean(plain).gramsPerKwh, 1000);
});

test("Ember's months count by their length", () => {
  const series = parse(
    "Area,Country code,Date,Category,Variable,Unit,Value\n" +
      "Norway,NOR,2023-01-01,Electricity generation,Wind,TWh,1\n" +
      "Norway,NOR,2023-01-01,Power sector emissions,CO2 intensity,gCO2/kWh,31\n" +
      "Norway,NOR,2023-02-01,Power sector emissions,CO2 intensity,gCO2/kWh,28\n" +
      "Sweden,SWE,2023-01-01,Power sector emissions,CO2 intensity,gCO2/kWh,40\n",
    { zone: "NOR" },
  );
  assert.equal(series.zone, "Norway");
  near(seriesMean(series).gramsPerKwh, (31 * 31 + 28 * 28) / 59);
});

test("Ember's years and Our World in Data's copy of them", () => {
  const long = parse(
    "Area,ISO 3 code,Year,Category,Subcategory,Variable,Unit,Value\n" +
      "World,,2023,Power sector emissions,CO2 intensity,CO2 intensity,gCO2/kWh,480\n" +
      "World,,2024,Power sector emissions,CO2 intensity,CO2 intensity,gCO2/kWh,473\n",
  );
  near(seriesMean(long).gramsPerKwh, (480 * 365 + 473 * 366) / 731);
  const wide = parse(
    "Entity,Code,Year,Carbon intensity of electricity - gCO2/kWh\nFrance,FRA,2024,44.18\n",
  );
  near(seriesMean(wide).gramsPerKwh, 44.18);
});

test("carbon-aware SDK emissions and forecasts bring their own durations", () => {
  const emissions = parse(
    JSON.stringify([
      { location: "eastus", time: "2022-01-01T00:00:00+00:00", rating: 500, duration: "00:05:00" },
      { location: "eastus", time: "2022-01-01T00:05:00+00:00", rating: 100, duration: "01:00:00" },
      { location: "westus", time: "2022-01-01T00:00:00+00:00", rating: 1, duration: "00:05:00" },
    ]),
    { zone: "eastus" },
  );
  near(seriesMean(emissions).gramsPerKwh, (500 * 5 + 100 * 60) / 65);
  const forecast = parse(JSON.stringify([{
    generatedAt: "2022-07-22T00:00:00Z",
    forecastData: [
      { location: "IE", timestamp: "2022-07-22T10:00:00+00:00", duration: 5, value: 359.23 },
      { location: "IE", timestamp: "2022-07-22T10:05:00+00:00", duration: 5, value: 359.25 },
    ],
  }]));
  near(seriesMean(forecast).gramsPerKwh, 359.24);
  const cli = parse(
    JSON.stringify([{
      Location: "IE",
      Time: "2022-07-22T10:00:00Z",
      Rating: 65,
      Duration: "08:00:00",
    }]),
  );
  near(seriesMean(cli).coveredSeconds, 8 * 3600);
});

test("several zones need a name and an unknown one is refused with the list", () => {
  const text = MAPS +
    "2023-01-01 00:00:00,A,A,AA,1,2,false\n2023-01-01 00:00:00,B,B,BB,3,4,false\n";
  assert.throws(() => parse(text), /2 zones/);
  assert.throws(() => parse(text, { zone: "CC" }), /no zone "CC"/);
  near(seriesMean(parse(text, { zone: "bb" })).gramsPerKwh, 4);
});

const DAMAGED: readonly [string, string | Uint8Array, RegExp][] = [
  ["an empty file", "", /empty/],
  ["another kind of file", "name,age\nx,3\n", /no header of a grid series/],
  ["invalid UTF-8", new Uint8Array([0xff, 0xfe, 0x41]), /UTF-8/],
  ["a header alone", MAPS, /zones|no reading/],
  ["a row cut short", MAPS + "2023-01-01 00:00:00,A,A,AA", /:2: 4 columns/],
  ["a time that is none", "time,Z\nnow,3\n2023,x\n", /no header|no time/],
  ["a value that is none", "time,Z\n2023-01-01,x\n", /:2: "x" is no number/],
  ["a value out of range", "time,Z\n2023-01-01,402000\n", /:2: .*0 to 1500/],
  ["a negative value", "time,Z\n2023-01-01,-3\n", /:2: .*0 to 1500/],
  ["a time that repeats", "time,Z\n2023-01-01,1\n2023-01-01,2\n", /:3: its time repeats/],
  ["times that descend", "time,Z\n2023-01-02,1\n2023-01-01,2\n", /:3: its time is before/],
  ["a quote that never ends", 'time,Z\n"2023-01-01,1\n', /never ends/],
  ["JSON cut short", '[{"location": "a"', /not valid JSON/],
  ["JSON without ratings", '[{"location": "a", "time": "2023-01-01"}]', /rating/],
  ["JSON of numbers", "[1, 2]", /expected an object/],
];
for (const [name, content, message] of DAMAGED) {
  test(`${name} is refused with its place`, () => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    assert.throws(() => parseGridSeries("grid.csv", bytes), message);
  });
}

test("a series on equal slots, and carbon slot by slot", () => {
  const series = parse(
    "time,Z\n2023-01-01 00:00,100\n2023-01-01 00:30,300\n2023-01-01 01:00,200\n2023-01-01 02:00,50\n",
  );
  const t0 = unixSeconds("2023-01-01")!;
  assert.deepEqual([...resample(series, 3600, t0, 9)], [200, 200, 50]);
  const grams = seriesGrams(series, (a, b) => (b - a) * 1000, t0, t0 + 3600);
  near(grams.grams, 0.5 * 100 + 0.5 * 300);
  near(grams.coveredJoules, 3.6e6);
});
