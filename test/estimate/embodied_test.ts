import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  daysToWearOut,
  effectiveLifeHours,
  embodiedByTime,
  embodiedByWear,
  hostWithoutMemory,
  nvmeDataUnitBytes,
  ratedWrites,
  usedByBinding,
  writeAmplification,
  writeGrams,
} from "../../src/estimate/formulas/embodied.ts";
import {
  actChipGrams,
  actGramsPerCm2,
  actMemoryGrams,
  BOAVIZTA_HDD_KG,
  boaviztaRamModuleKg,
  boaviztaSsdKg,
  ccfHostKg,
  gramsPerGbOfDrive,
} from "../../src/estimate/formulas/hardware_models.ts";
import { near, printed } from "./near.ts";

const TB = 1e12;
const TE = 7680 * 55;
const TBW = ratedWrites(1, 7.68 * TB, 5);

test("F12: one drive write a day of 7.68 TB for five years is 14 016 TB", () => {
  near(TBW / TB, 14_016);
});

test("E7: wear share, time share and the binding one of a job that writes 100 TB in 10 h", () => {
  const wear = embodiedByWear(TE, {
    method: "host-over-tbw",
    hostBytes: 100 * TB,
    tbwBytes: TBW,
  });
  printed(wear / 1000, "3.013699");
  const time = embodiedByTime(TE, 10, 43_800);
  printed(time, "96.438");
  const alone = usedByBinding({
    total: TE,
    hours: 10,
    lifeHours: 43_800,
    tbwBytes: TBW,
    driveBytesPerHour: 10 * TB,
  });
  near(alone.used, wear);
  near(alone.effectiveLifeHours, 1401.6);
  assert.equal(alone.binding, "wear");
  // Adding both would allocate the drive twice.
  printed((wear + time) / 1000, "3.110");
});

test("E7: a job that writes little pays for time", () => {
  const job = usedByBinding({
    total: TE,
    hours: 10,
    lifeHours: 43_800,
    tbwBytes: TBW,
    driveBytesPerHour: 0.1 * TB / 10,
  });
  printed(job.used, "96.438");
  assert.equal(job.binding, "time");
  printed(
    embodiedByWear(TE, { method: "host-over-tbw", hostBytes: 0.1 * TB, tbwBytes: TBW }),
    "3.0137",
  );
});

test("E7 and the write-amplification trap: three ways, and the default is host bytes over TBW", () => {
  printed(
    embodiedByWear(TE, {
      method: "amplified-over-rated",
      hostBytes: 100 * TB,
      writeAmplification: 2,
      tbwBytes: TBW,
      ratedWriteAmplification: 3,
    }) / 1000,
    "2.009132",
  );
  // NAND bytes over NAND endurance is the same claim in other words.
  near(
    embodiedByWear(TE, {
      method: "nand-over-endurance",
      nandBytes: 200 * TB,
      programEraseCycles: 3 * TBW / (7.68 * TB),
      rawBytes: 7.68 * TB,
    }),
    embodiedByWear(TE, {
      method: "amplified-over-rated",
      hostBytes: 100 * TB,
      writeAmplification: 2,
      tbwBytes: TBW,
      ratedWriteAmplification: 3,
    }),
  );
  // The naive product of host bytes, amplification and TBW counts amplification twice.
  printed(TE * 200 * TB / TBW / 1000, "6.027397");
});

test("E7: embodied carbon of a written gigabyte", () => {
  printed(writeGrams(TE, TBW / 1e9), "0.03013699");
});

test("E8: NVMe data units are thousands of 512 bytes, and amplification is media over host", () => {
  assert.equal(nvmeDataUnitBytes(195_313), 100_000_256_000);
  printed(writeAmplification(260e9, 100e9), "2.6");
  printed(writeAmplification(260e9, nvmeDataUnitBytes(195_313)), "2.599993");
  assert.equal(writeAmplification(5, 0), null);
});

test("the drive's own rate decides, so that tenants of a shared drive sum to the drive", () => {
  // Two tenants share a drive that wears out in half its service life.
  const life = effectiveLifeHours(43_800, TBW, 2 * TBW / 43_800);
  near(life, 21_900);
  const share = (hours: number, part: number) =>
    usedByBinding({
      total: TE,
      hours,
      lifeHours: 43_800,
      tbwBytes: TBW,
      driveBytesPerHour: 2 * TBW / 43_800,
      share: part,
    }).used;
  near(share(life, 0.3) + share(life, 0.7), TE);
});

test("E20, W1 and W2: CCF host rules count sockets, not vCPUs, and an SSD 100 kg against an HDD 50 kg", () => {
  const host = { sockets: 2, dramGb: 2048, gpus: 8, ssds: 8 };
  printed(ccfHostKg(host), "5920.46");
  near(ccfHostKg({ ...host, ssds: 9 }) - ccfHostKg(host), 100);
  near(ccfHostKg({ ...host, hdds: 1 }) - ccfHostKg(host), 50);
  near(ccfHostKg({ ...host, sockets: 3 }) - ccfHostKg(host), 100);
});

test("W3: capacity is never taken as a number of drives", () => {
  near(ccfHostKg({ sockets: 1, dramGb: 16, gpus: 0, ssds: 1 }), 1100);
});

test("E22 and W21: ACT logic by area; a die is not a card", () => {
  const five = actGramsPerCm2(583, 2.75, 327.5, 500, 0.875);
  near(five, 2778);
  printed(actChipGrams(8.14, five) / 1000, "22.613");
  printed(actGramsPerCm2(583, 2.15, 275, 500, 0.875), "2318.2286");
  near(actChipGrams(1, 1000, 2), 1300);
  near(actMemoryGrams(48, 8, 0.875), 48 / 0.875 * 8);
});

test("F18: Boavizta drives and modules", () => {
  printed(boaviztaSsdKg(7680, 54.88), "314.2");
  printed(boaviztaSsdKg(7680, 128), "138.3");
  printed(boaviztaRamModuleKg(64, 1.2444), "118.4");
  printed(gramsPerGbOfDrive(BOAVIZTA_HDD_KG, 20_000), "1.5555");
});

test("a host that holds DRAM and SSD loses what a tier policy prices itself, never below zero", () => {
  near(
    hostWithoutMemory(5_700_000, [
      { gigabytes: 2048, gramsPerGb: 400 },
      { gigabytes: 30_400, gramsPerGb: 55 },
    ]),
    5_700_000 - 819_200 - 1_672_000,
  );
  assert.equal(hostWithoutMemory(1, [{ gigabytes: 1, gramsPerGb: 2 }]), 0);
});

test("days to wear-out count from what is already written", () => {
  near(daysToWearOut(14_016, 16, 28), 500);
  assert.equal(daysToWearOut(14_016, 16, 0), null);
  assert.equal(daysToWearOut(10, 16, 1), 0);
});

const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

test("embodied carbon by time conserves: shares over a life sum to the total", () => {
  fc.assert(
    fc.property(
      positive,
      positive,
      fc.array(positive, { minLength: 1, maxLength: 9 }),
      (te, life, w) => {
        const sum = w.reduce((a, b) => a + b, 0);
        const total = w.reduce((a, x) => a + embodiedByTime(te, life, life, x / sum), 0);
        near(total, te, 1e-9);
      },
    ),
  );
});

test("wear and time allocators agree when the write rate is TBW over life", () => {
  fc.assert(fc.property(positive, positive, positive, positive, (te, life, tbw, hours) => {
    const rate = tbw / life;
    const wear = embodiedByWear(te, {
      method: "host-over-tbw",
      hostBytes: rate * hours,
      tbwBytes: tbw,
    });
    near(wear, embodiedByTime(te, hours, life), 1e-9);
    near(
      usedByBinding({
        total: te,
        hours,
        lifeHours: life,
        tbwBytes: tbw,
        driveBytesPerHour: rate,
      }).used,
      wear,
      1e-9,
    );
  }));
});

test("wear grows with write amplification when endurance is rated in NAND bytes", () => {
  fc.assert(fc.property(positive, positive, (waf, more) => {
    const at = (w: number) =>
      embodiedByWear(1, {
        method: "amplified-over-rated",
        hostBytes: 1,
        writeAmplification: w,
        tbwBytes: 10,
        ratedWriteAmplification: 3,
      });
    assert.ok(at(waf + more) >= at(waf));
  }));
});
