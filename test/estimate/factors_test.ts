import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinFactors, figureHistory } from "../../src/estimate/factors/builtin.ts";
import type { Coefficient } from "../../src/estimate/factors/coefficient.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { parseFactorsFile } from "../../src/estimate/factors/factors_file.ts";
import { rangeProblem } from "../../src/estimate/factors/ranges.ts";
import { readFigures } from "../../src/estimate/factors/read_table.ts";
import { monthsBetween, staleness } from "../../src/estimate/factors/staleness.ts";
import { BUILTIN_SITES } from "../../src/model/profiles/builtin/sites.ts";
import { sharedText } from "../shared.ts";
import { needsShared } from "../shared.ts";

const FACTORS = builtinFactors();

function bare(over: Partial<Coefficient>): Coefficient {
  return {
    id: "ssd.embodied",
    value: 55,
    low: 2.9,
    high: 160,
    unit: "gCO2e/GB",
    source: "x",
    asOf: "2025-01-01",
    licence: "x",
    note: null,
    origin: "built-in",
    ...over,
  };
}

test("W26: every coefficient has an interval, a unit, a source, a date and a licence", () => {
  assert.ok(FACTORS.size > 200);
  for (const c of FACTORS.values()) {
    assert.equal(rangeProblem(c), null);
    assert.ok(c.unit !== "" && c.source !== "" && c.licence !== "", c.id);
    assert.match(c.asOf, /^\d{4}-\d{2}-\d{2}$/);
  }
});

const SECTION_4: readonly [string, number, number, number][] = [
  ["gpu.h100_sxm.embodied", 164, 164, 575.2],
  ["gpu.a100_sxm.embodied", 150, 181, 276],
  ["host8.embodied", 1313, 5700, 5700],
  ["ssd.embodied", 2.9, 55, 160],
  ["hdd.embodied", 16.2, 31.11, 64.4],
  ["dram.embodied", 65, 400, 1931],
  ["dram.watts_per_gb", 0.034, 0.284, 0.392],
  ["life.years", 3, 5, 7],
];
for (const [id, low, mid, high] of SECTION_4) {
  test(`the interval of ${id} is the one of the reference`, () => {
    const c = FACTORS.get(id)!;
    assert.deepEqual([c.low, c.value, c.high], [low, mid, high]);
  });
}

test("W1: an SSD carries more embodied carbon a gigabyte than an HDD, not the other way round", () => {
  const hdd = FACTORS.get("hdd.embodied")!.value * 1000 / FACTORS.get("hdd.capacity")!.value;
  assert.ok(FACTORS.get("ssd.embodied")!.value > hdd);
});

test("W7: each site has a PUE of its own and network energy names its doubt", () => {
  assert.ok(BUILTIN_SITES.every((s) => s.pue !== null && s.pue.low <= s.pue.high));
  const network = FACTORS.get("network.kwh_per_gb")!;
  assert.equal(network.high / network.low, 8);
});

test("W8: idle and busy power are shares measured on a fleet, not CPU ratios of the TDP", () => {
  const busy = FACTORS.get("gpu.busy_share")!;
  const idle = FACTORS.get("gpu.idle_share")!;
  assert.match(busy.source, /AcmeTrace/);
  assert.equal(idle.high, 0.155); // 62 W of 400 W as measured, above CCF's 46 W
});

test("W12: the H100 spreads from the vendor's footprint to Boavizta's code path", () => {
  const h100 = FACTORS.get("gpu.h100_sxm.embodied")!;
  assert.deepEqual([h100.low, h100.high], [164, 575.2]);
});

test("W16: DRAM power is a wide interval down to the measured DIMM figure", () => {
  const dram = FACTORS.get("dram.watts_per_gb")!;
  assert.ok(dram.high / dram.low > 10);
});

test("W20: built-in grid figures are one scope and one signal: location-based averages", () => {
  const grid = [...FACTORS.values()].filter((c) => c.id.startsWith("grid."));
  assert.ok(grid.length >= 44);
  for (const c of grid) {
    assert.equal(c.licence, "Apache-2.0");
    assert.match(c.note!, /average signal, location-based/);
  }
});

test("W21: the default for a card is the card, and a die stays a die", () => {
  assert.equal(FACTORS.get("embodied.gpu.h100_die")!.unit, "kgCO2e/die");
  assert.equal(FACTORS.get("gpu.h100_sxm.embodied")!.unit, "kgCO2e");
});

test("every table value of the reference that is a number is built in", {
  skip: needsShared("tables/green"),
}, () => {
  const rows = (file: string) => sharedText(`tables/green/${file}`).trim().split("\n").length - 1;
  const ids = [...FACTORS.keys()];
  const count = (prefix: string) =>
    ids.filter((id) => id.startsWith(prefix)).reduce(
      (n, id) => n + figureHistory({ ...FACTORS.get(id)!, note: null }).length,
      0,
    );
  // One row each has no number: the die formula and the rack ratio; prices give three as ranges or guesses.
  assert.equal(count("embodied."), rows("embodied.csv") - 2);
  assert.equal(count("price."), rows("prices.csv") - 3);
  assert.equal(count("endurance."), rows("ssd_endurance.csv") - 2);
});

test("W6: a grid factor in tonnes, or a thousandfold one, is refused", () => {
  assert.match(rangeProblem(bare({ unit: "gCO2e/kWh", id: "grid.x", high: 402_000 }))!, /1500/);
  assert.throws(
    () =>
      applyOverrides(
        FACTORS,
        parseFactorsFile('{"site.grid": {"value": 0.000402, "unit": "t/kWh"}}', "my.json"),
        "2026-01-01",
      ),
    /my\.json: site\.grid has the unit "t\/kWh", expected "gCO2e\/kWh"/,
  );
});

test("range checks name the coefficient and what was expected", () => {
  assert.match(rangeProblem(bare({ value: 500, high: 500 }))!, /1 to 400 gCO2e\/GB/);
  assert.match(rangeProblem(bare({ value: 200 }))!, /outside its own interval/);
  assert.match(rangeProblem(bare({ value: -1, low: -1 }))!, /at least 0/);
  assert.match(
    rangeProblem(bare({ id: "site.pue", unit: "share", low: 0.9, value: 1, high: 1 }))!,
    /PUE/,
  );
});

test("a price is stale after 6 months and a factor after 3 years, by the date given", () => {
  const price = FACTORS.get("price.enterprise_tlc_ssd_30tb")!;
  assert.equal(price.asOf, "2026-03-31");
  assert.equal(price.value, 10_950);
  assert.equal(staleness(price, "2026-09-30"), null);
  assert.match(staleness(price, "2026-10-31")!, /prices move within months/);
  const factor = bare({ asOf: "2023-01-01" });
  assert.equal(staleness(factor, "2026-01-01"), null);
  assert.match(staleness(factor, "2026-02-01")!, /factors move within years/);
  assert.equal(monthsBetween("2025-11-30", "2026-02-28"), 2);
});

test("overrides by flag: a point, an interval, and an interval with its middle", () => {
  const at = (text: string) => {
    const c = applyOverrides(FACTORS, [parseFactorFlag(text)], "2026-05-01").get("ssd.embodied")!;
    return [c.low, c.value, c.high, c.origin, c.asOf];
  };
  assert.deepEqual(at("ssd.embodied=40"), [40, 40, 40, "user", "2026-05-01"]);
  assert.deepEqual(at("ssd.embodied=2.9..160"), [2.9, 55, 160, "user", "2026-05-01"]);
  assert.deepEqual(at("ssd.embodied=100..160"), [100, 130, 160, "user", "2026-05-01"]);
  assert.deepEqual(at("ssd.embodied=5..6..7"), [5, 6, 7, "user", "2026-05-01"]);
});

for (
  const text of ["ssd.embodied", "=3", "ssd.embodied=", "ssd.embodied=a..b", "a=1..2..3..4", ""]
) {
  test(`--factor "${text}" is refused with the form expected`, () => {
    assert.throws(() => parseFactorFlag(text), /id=value/);
  });
}

test("overrides by file: map, list and document, with bare numbers", () => {
  for (
    const text of [
      '{"ssd.embodied": 40}',
      '{"coefficients": {"ssd.embodied": {"value": 40}}}',
      '[{"id": "ssd.embodied", "value": 40, "source": "my lab"}]',
    ]
  ) {
    const c = applyOverrides(FACTORS, parseFactorsFile(text, "my.json"), "2026-05-01")
      .get("ssd.embodied")!;
    assert.deepEqual([c.low, c.value, c.high], [40, 40, 40]);
  }
});

for (
  const text of ["", "{", "[1]", '{"ssd.embodied": "55"}', '{"a": {"low": 1}}', '"x"', "null"]
) {
  test(`a factors file of ${JSON.stringify(text)} is refused with its name`, () => {
    assert.throws(() => parseFactorsFile(text, "my.json"), /my\.json/);
  });
}

test("an unknown id is refused with a guess; a new GPU is welcome", () => {
  assert.throws(
    () =>
      applyOverrides(
        FACTORS,
        [parseFactorFlag("sdd.embodied=1")],
        "2026-05-01",
        () => "ssd.embodied",
      ),
    /did you mean "ssd.embodied"/,
  );
  const more = applyOverrides(FACTORS, [parseFactorFlag("gpu.rubin.watts=1800")], "2026-05-01");
  assert.equal(more.get("gpu.rubin.watts")!.unit, "W");
});

test("explain's history of SSD carbon holds the published figures, oldest first", () => {
  const history = figureHistory(FACTORS.get("ssd.embodied")!);
  assert.ok(history.length > 20);
  assert.ok(history.some((f) => f.value === 160) && history.some((f) => f.value === 2.91));
  assert.ok(history.every((f, i) => i === 0 || history[i - 1].asOf <= f.asOf));
});

test("a broken table is refused with file and line", () => {
  const header = "id\tvalue\tlow\thigh\tunit\tas_of\tsource\tnote";
  assert.throws(() => readFigures("nonsense", "t.tsv"), /t\.tsv:1/);
  assert.throws(() => readFigures(`${header}\na\t1`, "t.tsv"), /t\.tsv:2: 2 columns/);
  assert.throws(() => readFigures(`${header}\na\tx\t\t\tW\t2025-01-01\ts\t`, "t.tsv"), /"x"/);
  assert.throws(() => readFigures(`${header}\na\t1\t\t\tW\tsoon\ts\t`, "t.tsv"), /no date/);
});
