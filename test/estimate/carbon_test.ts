import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  aggregateSci,
  facilityEnergy,
  operationalGrams,
  operationalGramsBySlot,
  sci,
  waterLitres,
} from "../../src/estimate/formulas/carbon.ts";
import { embodiedByTime, lifeHoursOfYears } from "../../src/estimate/formulas/embodied.ts";
import {
  ecologitsGpuKwhPerToken,
  ecologitsServerKwh,
} from "../../src/estimate/formulas/hardware_models.ts";
import {
  gramsPer,
  HOURS_PER_MONTH,
  HOURS_PER_YEAR,
  joulesOfKwh,
} from "../../src/estimate/formulas/units.ts";
import { near, printed } from "./near.ts";

const SERVER_GRAMS = (8 * 164 + 5700) * 1000;

test("E5: SCI of an 8xH100 server over an hour, 5 and 3 years of life", () => {
  const operational = operationalGrams(joulesOfKwh(6), 1.15, 396.25);
  near(operational, 2734.125);
  const five = embodiedByTime(SERVER_GRAMS, 1, lifeHoursOfYears(5));
  near(five, 7_012_000 / 43_800);
  printed(sci(operational, five, 12_600), "0.2296997");
  printed(five / (operational + five) * 100, "5.53");
  const three = embodiedByTime(SERVER_GRAMS, 1, lifeHoursOfYears(3));
  printed(three, "266.8189");
  printed(sci(operational, three, 12_600), "0.2381701");
});

test("E6 and W4: SCI over parts is total carbon over total units, not the mean of ratios", () => {
  const parts = [{ grams: 100, functionalUnits: 1000 }, { grams: 100, functionalUnits: 10 }];
  near(aggregateSci(parts), 200 / 1010);
  assert.notEqual(aggregateSci(parts), 5.05);
});

test("W4: no functional units means no SCI, not the total carbon", () => {
  assert.equal(sci(100, 5, 0), null);
  assert.equal(aggregateSci([]), null);
});

test("W5: embodied carbon is added to carbon, never turned into energy (E21)", () => {
  // CCF divides 63.48 g by 11.52 g/kWh and adds 5.510 "kWh": here energy is untouched by embodied carbon.
  printed(63.48 / 11.52, "5.510");
  near(sci(operationalGrams(joulesOfKwh(0.46), 1, 11.52), 63.48, 1), 0.46 * 11.52 + 63.48);
});

test("F4: hourly carbon is the sum of products, not the product of means", () => {
  const kwh = [1, 3];
  const grid = [100, 300];
  near(operationalGramsBySlot(kwh, grid, 1.2), 1.2 * (100 + 900));
  assert.throws(() => operationalGramsBySlot([1], [1, 2], 1), RangeError);
});

test("F3: PUE applies once and below 1 is refused", () => {
  near(facilityEnergy(100, 1.2), 120);
  assert.throws(() => facilityEnergy(100, 0.9), RangeError);
});

test("E18, W13 and W14: water takes PUE once, on the grid's part only", () => {
  near(waterLitres(100, 1.2, 0.18, 3.1), 390);
  near(waterLitres(100, 1.2, 0.18, 0), 18);
});

test("E19 and W22: grams a million tokens and kilograms a billion parameters", () => {
  near(gramsPer(6500, 50e9, 1e6), 130);
  near(gramsPer(75_000, 2.5e9, 1e9) / 1000, 30_000);
});

test("W9: a year is 8760 h and a month 730 h", () => {
  assert.equal(HOURS_PER_YEAR, 8760);
  assert.equal(HOURS_PER_MONTH, 730);
});

test("F19: EcoLogits energy a token and server share", () => {
  near(
    ecologitsGpuKwhPerToken(70, 64),
    (1.1665e-6 * Math.exp(-0.01121 * 64) * 70 + 4.0529e-5) / 1000,
  );
  near(ecologitsServerKwh(3600, 8, 64), 1.2 / 64);
});

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

test("SCI of a sum is the weighted mean, and scaling the units by k divides it by k", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ grams: positive, functionalUnits: positive }), {
      minLength: 1,
      maxLength: 9,
    }),
    positive,
    (parts, k) => {
      const units = parts.reduce((a, p) => a + p.functionalUnits, 0);
      const weighted = parts.reduce(
        (a, p) => a + sci(p.grams, 0, p.functionalUnits)! * p.functionalUnits / units,
        0,
      );
      near(aggregateSci(parts), weighted, 1e-9);
      const scaled = parts.map((p) => ({ ...p, functionalUnits: p.functionalUnits * k }));
      near(aggregateSci(scaled)! * k, aggregateSci(parts)!, 1e-9);
    },
  ));
});

test("operational carbon grows with energy, PUE and intensity", () => {
  fc.assert(fc.property(positive, positive, positive, (joules, grid, more) => {
    const base = operationalGrams(joules, 1.2, grid);
    assert.ok(operationalGrams(joules + more, 1.2, grid) >= base);
    assert.ok(operationalGrams(joules, 1.2 + more, grid) >= base);
    assert.ok(operationalGrams(joules, 1.2, grid + more) >= base);
  }));
});
