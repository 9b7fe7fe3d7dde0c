import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { parseFactorsFile } from "../../src/estimate/factors/factors_file.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { SpillwayError } from "../../src/model/errors.ts";

const FACTORS = builtinFactors();

function load(text: string) {
  return applyOverrides(FACTORS, parseFactorsFile(text, "my.json"), "2026-05-01");
}

/** What stands in a file, and the sentence that refuses it. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  [
    '{"ssd.embodied": {"value": 0.055, "unit": "kgCO2e/GB"}}',
    /unit "kgCO2e\/GB", expected "gCO2e\/GB"$/,
  ],
  [
    '{"ssd.embodied": 0.055}',
    /^my\.json: ssd\.embodied is 0\.055 gCO2e\/GB, expected SSD of 1 to 400/,
  ],
  ['{"dram.embodied": 0.4}', /expected DRAM of 5 to 4000 gCO2e\/GB; check the unit$/],
  ['{"grid": 0.396}', /expected grid intensity of 1 to 1500 gCO2e\/kWh, or 0; check the unit$/],
  ['{"grid": 396250}', /expected grid intensity of 1 to 1500/],
  ['{"gpu.h100_sxm.embodied": 0.164}', /expected a card of 5 to 5000 kgCO2e/],
  ['{"gpu.h100_sxm.embodied": 164000}', /expected a card of 5 to 5000 kgCO2e/],
  ['{"gpu.h100_sxm.watts": 0.7}', /expected a GPU of 5 to 5000 W/],
  ['{"host8.embodied": 5.7}', /expected a server of 50 to 50 000 kgCO2e/],
  ['{"hdd.embodied": 31110}', /expected a drive of 1 to 1000 kgCO2e/],
  ['{"electricity.usd_per_kwh": 120}', /expected 0 to 5 USD\/kWh/],
  ['{"pue": 115}', /expected PUE of 1 to 3/],
  ['{"site.pue": 0.9}', /expected PUE of 1 to 3/],
  ['{"life.years": 60}', /expected 0\.1 to 50 years/],
  ['{"ssd.embodid": 55}', /there is no coefficient "ssd\.embodid"/],
  ['{"__proto__": 5}', /there is no coefficient "__proto__"/],
  [
    '{"ssd.embodied": {"value": 55, "low": 160, "high": 2.9}}',
    /low 160 above high 2\.9, expected low up/,
  ],
  [
    '{"ssd.embodied": {"value": 55, "low": 60, "high": 70}}',
    /55 lies outside its own interval 60\.\.70/,
  ],
  [
    '{"ssd.embodied": {"low": 60}}',
    /expected a number or an object with "value", or with "low" and "high"/,
  ],
  ['{"ssd.embodied": NaN}', /^my\.json: not valid JSON/],
  ['{"ssd.embodied": 1e999}', /^my\.json: ssd\.embodied/],
  [
    '{"ssd.embodied": {"value": "55"}}',
    /^my\.json: ssd\.embodied: value is "55", expected a number$/,
  ],
  ['{"ssd.embodied": "55"}', /^my\.json: ssd\.embodied is "55", expected a number or an object/],
  ['{"ssd.embodied": true}', /is true, expected a number or an object/],
  ['{"ssd.embodied": -5}', /ssd\.embodied is -5, expected at least 0$/],
  ['{"ssd.embodied": {"value": 55, "lo": 3}}', /has "lo", expected id, value, low, high, unit/],
  [
    '{"ssd.embodied": {"value": 55, "asOf": "2026-02-30"}}',
    /asOf is "2026-02-30", expected a date/,
  ],
  ['{"ssd.embodied": {"value": 55, "unit": ""}}', /unit is "", expected a text that is not empty$/],
  ['[{"value": 55}]', /entry 1 of the list is \{"value":55\}, expected an object with an id$/],
  ['[{"id":"ssd.embodied","value":5},{"id":"ssd.embodied","value":6}]', /stands twice in the list/],
  ['{"schema": "spillway/x/1", "coefficients": {"ssd.embodied": 5}}', /schema is "spillway\/x\/1"/],
  ['{"coefficients": {"ssd.embodied": 5}, "note": "x"}', /"note" stands beside "coefficients"/],
  ["{}", /it holds no coefficient/],
  ["[]", /it holds no coefficient/],
  ["5", /found 5, expected coefficients such as/],
  ["", /^my\.json: not valid JSON/],
];

for (const [text, sentence] of REFUSED) {
  test(`a factors file of ${JSON.stringify(text)} is refused in one sentence`, () => {
    assert.throws(() => load(text), (error: unknown) => {
      assert.ok(error instanceof SpillwayError);
      assert.equal(error.kind, "data");
      assert.match(error.message, /^my\.json: /);
      assert.match(error.message, sentence);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

test("a flag out of range is an error of usage, with the flag's name", () => {
  for (const flag of ["grid=0.396", "ssd.embodied=160..2.9", "sdd.embodied=1"]) {
    assert.throws(
      () => applyOverrides(FACTORS, [parseFactorFlag(flag)], "2026-05-01"),
      (error: unknown) =>
        error instanceof SpillwayError && error.kind === "usage" &&
        error.message.startsWith("--factor: "),
    );
  }
});

test("a grid of nothing, an interval without a middle and a byte order mark are welcome", () => {
  const factors = load('\uFEFF{"grid": 0, "ssd.embodied": {"low": 100, "high": 160}}');
  assert.equal(factors.get("grid")!.value, 0);
  const { low, value, high } = factors.get("ssd.embodied")!;
  assert.deepEqual([low, value, high], [100, 130, 160]);
});

test("a coefficient whose low end is the larger number keeps that order", () => {
  const c = load('{"hdd.capacity": {"value": 18000, "low": 24000, "high": 12000}}')
    .get("hdd.capacity")!;
  assert.deepEqual([c.low, c.value, c.high], [24_000, 18_000, 12_000]);
});
