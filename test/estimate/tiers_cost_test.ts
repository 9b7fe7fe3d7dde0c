import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  attributeBatch,
  attributeIdle,
  nodeWatts,
  reservedAndFleet,
  splitByWeight,
} from "../../src/estimate/formulas/attribution.ts";
import {
  crossZoneUsd,
  objectStoreCost,
  ownedUsd,
  provisionedVolumeUsd,
  tieredUsd,
  usdPerMillionTokens,
} from "../../src/estimate/formulas/cost.ts";
import {
  breakEvenHits,
  hiddenBytesPerToken,
  kvBytesPerToken,
  recomputeJoules,
  reloadJoules,
  tierGramsPerGbMonth,
  tierUsdPerGbMonth,
} from "../../src/estimate/formulas/tiers.ts";
import { checkpointWear, faultWaste, youngInterval } from "../../src/estimate/formulas/waste.ts";
import { near, printed } from "./near.ts";

const HDD = { wattsPerGb: 7.65 / 14_000, embodiedGramsPerGb: 26_070 / 14_000, lifeMonths: 60 };
const SSD = { wattsPerGb: 4.84 / 7680, embodiedGramsPerGb: 55, lifeMonths: 60 };
const DRAM = { wattsPerGb: 0.284, embodiedGramsPerGb: 400, lifeMonths: 60 };
const US = [1.15, 396.25] as const;
const EU = [1.10, 24.71] as const;

const E9: readonly [string, typeof HDD, readonly [number, number], string, string, string][] = [
  ["HDD us-east-1", HDD, US, "0.181771", "0.031036", "0.212806"],
  ["HDD eu-north-1", HDD, EU, "0.010842", "0.031036", "0.041878"],
  ["SSD us-east-1", SSD, US, "0.209640", "0.916667", "1.126307"],
  ["SSD eu-north-1", SSD, EU, "0.012505", "0.916667", "0.929171"],
  ["DRAM us-east-1", DRAM, US, "94.473", "6.6667", "101.140"],
  ["DRAM eu-north-1", DRAM, EU, "5.6352", "6.6667", "12.302"],
];
for (const [name, medium, site, operational, embodied, total] of E9) {
  test(`E9: ${name} costs ${total} g a GB-month`, () => {
    const grams = tierGramsPerGbMonth(medium, ...site);
    printed(grams.operational, operational, 1);
    printed(grams.embodied, embodied);
    printed(grams.total, total);
  });
}

test("E9: the other SSD figures turn the verdict around", () => {
  const at = (g: number, site: readonly [number, number]) =>
    tierGramsPerGbMonth({ ...SSD, embodiedGramsPerGb: g }, ...site).total;
  printed(at(5.61, US), "0.303140");
  printed(at(5.61, EU), "0.106005");
  printed(at(160, US), "2.876307");
  printed(at(160, EU), "2.679171");
});

test("replication multiplies energy and embodied carbon", () => {
  near(
    tierGramsPerGbMonth({ ...HDD, replication: 3 }, ...US).total,
    3 * tierGramsPerGbMonth(HDD, ...US).total,
  );
});

const RECOMPUTE = recomputeJoules(2 * 70e9 * 4096, 400e12, 700);
const KV_BYTES = kvBytesPerToken(80, 8, 128, 2) * 4096;
const RELOAD = reloadJoules(KV_BYTES, 6e9, 145);

function prefix(site: readonly [number, number], inventory: boolean) {
  return breakEvenHits({
    gigabytes: KV_BYTES / 1e9,
    recomputeJoules: RECOMPUTE,
    reloadJoules: RELOAD,
    holdGramsPerGbMonth: tierGramsPerGbMonth(SSD, ...site).total,
    writeGramsPerGb: 7680 * 55 / 14_016_000,
    pue: site[0],
    gramsPerKwh: site[1],
    ...(inventory
      ? {
        freedSeconds: 1.4336 - KV_BYTES / 6e9,
        embodiedGramsPerSecond: 7_012_000 / 8 / (43_800 * 3600),
      }
      : {}),
  });
}

test("E10: break-even of a stored prefix, on a dirty and on a clean grid", () => {
  assert.equal(KV_BYTES, 1_342_177_280);
  near(RECOMPUTE, 1003.52);
  printed(RELOAD, "32.43595");
  const us = prefix(US, false);
  printed(us.savedJoulesPerHit, "971.0840");
  printed(us.savedGramsPerHit, "0.1229197");
  printed(us.holdGramsPerMonth, "1.511703");
  printed(us.hitsPerMonth, "12.30");
  printed(us.writeGrams, "0.04044918");
  printed(us.writeHits, "0.33");
  const eu = prefix(EU, false);
  printed(eu.savedGramsPerHit, "0.007331954");
  printed(eu.holdGramsPerMonth, "1.247113");
  printed(eu.hitsPerMonth, "170.09");
  printed(eu.writeHits, "5.52");
});

test("E10b: with the GPU's own embodied carbon a hit saves more", () => {
  const us = prefix(US, true);
  printed(us.savedGramsPerHit, "0.1296453", 1);
  printed(us.hitsPerMonth, "11.66");
  const eu = prefix(EU, true);
  printed(eu.savedGramsPerHit, "0.0140575");
  printed(eu.hitsPerMonth, "88.7");
});

test("a hit that saves nothing has no break-even", () => {
  const none = breakEvenHits({
    gigabytes: 1,
    recomputeJoules: 1,
    reloadJoules: 2,
    holdGramsPerGbMonth: 1,
    writeGramsPerGb: 1,
    pue: 1,
    gramsPerKwh: 400,
  });
  assert.equal(none.hitsPerMonth, null);
});

test("E11: checkpoints of a 175B run wear the drives more than time does", () => {
  const wear = checkpointWear({
    checkpointTb: 2.45,
    checkpoints: 1440,
    days: 30,
    drives: 8,
    driveTb: 7.68,
    dwpd: 1,
    warrantyYears: 5,
    embodiedGramsPerGb: 55,
    lifeYears: 5,
  });
  near(wear.writtenTb, 3528);
  near(wear.tbwTb, 112_128);
  printed(wear.wearRatio * 100, "3.146404");
  printed(wear.wearGrams / 1000, "106.323");
  printed(wear.timeGrams / 1000, "55.548");
  assert.equal(wear.binding, "wear");
  near(wear.bindingGrams, wear.wearGrams);
});

test("E11: Young's interval and the waste at it", () => {
  const interval = youngInterval(60, 28_800);
  printed(interval, "1859.03");
  const waste = faultWaste(60, interval, 300, 28_800);
  printed(waste.overheadRatio, "0.0322749");
  printed(waste.reworkRatio, "0.0322749");
  printed(waste.restartRatio, "0.0104167");
  printed(waste.totalRatio * 100, "7.49664");
});

test("E12: dollars a million tokens", () => {
  printed(usdPerMillionTokens(55.04, 12.6e6), "4.368254");
  printed(usdPerMillionTokens(98.32, 12.6e6), "7.803175");
  printed(usdPerMillionTokens(55.04, 12.6e6, 0.4), "10.920635");
});

const S3 = { usdPerGbMonth: 0.023, usdPerThousandPuts: 0.005, usdPerThousandGets: 0.0004 };

test("E13: small objects cost more in requests than in storage", () => {
  const small = objectStoreCost({ bytes: 50e12, objectBytes: 131_072, months: 1, reads: 1 }, S3);
  assert.equal(small.objects, 381_469_727);
  printed(small.putUsd, "1907.35");
  printed(small.getUsd, "152.59");
  printed(small.storageUsd, "1071.02");
  const gb = objectStoreCost(
    { bytes: 50e12, objectBytes: 131_072, months: 1, reads: 1 },
    { ...S3, billedUnit: "GB" },
  );
  printed(gb.storageUsd, "1150.00");
  const shards = objectStoreCost(
    { bytes: 50e12, objectBytes: 64 * 2 ** 20, months: 1, reads: 1 },
    S3,
  );
  assert.equal(shards.objects, 745_059);
  printed(shards.putUsd, "3.73");
  printed(shards.getUsd, "0.298");
  near(50_000 * 0.02, 1000);
});

test("minimum durations and sizes are billed", () => {
  const prices = { ...S3, billedUnit: "GB" as const, minimumDays: 90, minimumObjectBytes: 131_072 };
  const cost = objectStoreCost({ bytes: 1e9, objectBytes: 65_536, months: 1, reads: 0 }, prices);
  near(cost.storageUsd, cost.objects * 131_072 / 1e9 * 0.023 * (90 / 365 * 12));
  assert.ok(cost.minimumsUsd > 0);
});

const EGRESS = [
  { upTo: 10_240, usdPerUnit: 0.09 },
  { upTo: 51_200, usdPerUnit: 0.085 },
  { upTo: 153_600, usdPerUnit: 0.07 },
  { upTo: Infinity, usdPerUnit: 0.05 },
];

test("E14: tiered egress prices each step alone", () => {
  near(tieredUsd(60_000, EGRESS), 5019.20);
  near(tieredUsd(57_000, EGRESS), 4809.20);
  near(tieredUsd(0, EGRESS), 0);
  assert.throws(() => tieredUsd(11, [{ upTo: 10, usdPerUnit: 1 }]), RangeError);
});

test("E15: owned dollars a GB-month, by the date of the price", () => {
  const ssd = (usd: number) => tierUsdPerGbMonth(usd / 30_720, 60, 10 / 30_720, 1.15, 0.12);
  printed(ssd(10_950).capex, "0.00594076");
  printed(ssd(10_950).energy, "3.2793e-5");
  printed(ssd(10_950).total, "0.00597355");
  printed(ssd(3062).capex, "0.00166124");
  const dram = (usd: number) => tierUsdPerGbMonth(usd / 64, 60, 0.284, 1.15, 0.12);
  printed(dram(900).total, "0.262985");
  printed(dram(900).energy, "0.0286102");
  printed(dram(255).capex, "0.0664063");
  printed(dram(900).total / ssd(10_950).total, "44");
});

test("F21: owned hardware is depreciation and facility energy", () => {
  const cost = ownedUsd(200_000, 100, 43_800, 690, 0.12);
  near(cost.capexUsd, 200_000 * 100 / 43_800);
  near(cost.energyUsd, 82.8);
});

test("cross-zone traffic is billed each way, and gp3 only above its allowance", () => {
  near(crossZoneUsd(1000, 0.01), 20);
  near(
    provisionedVolumeUsd({
      gigabytes: 100,
      iops: 4000,
      megabytesPerSecond: 100,
      usdPerGbMonth: 0.08,
      freeIops: 3000,
      usdPerIopsMonth: 0.005,
      freeMegabytesPerSecond: 125,
      usdPerMegabyteSecondMonth: 0.04,
    }),
    8 + 5,
  );
});

test("E17: idle power is split by reservation and the rest stays visible", () => {
  near(nodeWatts(1512, 62, [300, 300]), 1988);
  const idle = attributeIdle({
    nodeIdleWatts: 1512,
    gpuIdleWatts: 62,
    gpusInNode: 8,
    gpuWatts: [300, 300],
    seconds: 3600,
  });
  near(idle.gpuSensorJoules / 3600, 600);
  near(idle.marginalJoules / 3600, 476);
  near(idle.reservedJoules / 3600, 854);
  near(idle.exclusiveJoules / 3600, 1988);
  near(idle.reservedJoules + idle.restJoules, idle.exclusiveJoules);
});

test("W25: the share of node power that GPU sensors never show is printed", () => {
  const idle = attributeIdle({
    nodeIdleWatts: 1512,
    gpuIdleWatts: 62,
    gpusInNode: 8,
    gpuWatts: Array(8).fill(62),
    seconds: 1,
  });
  near(idle.unseenRatio, (1512 - 496) / 1512);
});

test("reserved and fleet views of embodied carbon", () => {
  assert.deepEqual(reservedAndFleet(10, 0.4), { reserved: 10, fleet: 25 });
});

test("W23: the energy of a batch is split over its requests, never given to each", () => {
  const shares = attributeBatch(1000, [
    { inputTokens: 100, outputTokens: 100 },
    { inputTokens: 700, outputTokens: 100 },
  ]);
  near(shares[0], 200);
  near(shares[1], 800);
});

test("batch energy conserves for any requests", () => {
  fc.assert(fc.property(
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    fc.array(fc.record({ inputTokens: fc.nat(1e6), outputTokens: fc.nat(1e5) }), {
      minLength: 1,
      maxLength: 50,
    }),
    (joules, requests) => {
      const sum = attributeBatch(joules, requests, 3).reduce((a, b) => a + b, 0);
      near(sum, joules, 1e-9);
    },
  ));
  assert.throws(() => splitByWeight(1, [1, -1]), RangeError);
});

test("idle energy conserves: tenants and the rest sum to the node's meter", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 62, max: 700 }), { minLength: 8, maxLength: 8 }),
    fc.integer({ min: 0, max: 8 }),
    (watts, cut) => {
      const tenant = (gpuWatts: number[]) =>
        attributeIdle({
          nodeIdleWatts: 1512,
          gpuIdleWatts: 62,
          gpusInNode: 8,
          gpuWatts,
          seconds: 10,
        })
          .reservedJoules;
      near(
        tenant(watts.slice(0, cut)) + tenant(watts.slice(cut)),
        nodeWatts(1512, 62, watts) * 10,
        1e-9,
      );
    },
  ));
});

test("E23: HCache halves the bytes of multi-head attention and quadruples those of GQA-8", () => {
  assert.equal(hiddenBytesPerToken(40, 5120, 2), 409_600);
  assert.equal(kvBytesPerToken(40, 40, 128, 2), 819_200);
  assert.equal(hiddenBytesPerToken(80, 8192, 2), 1_310_720);
  assert.equal(kvBytesPerToken(80, 8, 128, 2), 327_680);
});
