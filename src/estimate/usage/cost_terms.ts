import { weakestEvidence } from "../../model/evidence.ts";
import type { Usage } from "../../model/usage.ts";
import {
  BYTES_PER_GB,
  JOULES_PER_KWH,
  SECONDS_PER_HOUR,
  SECONDS_PER_MONTH,
  SECONDS_PER_YEAR,
} from "../formulas/units.ts";
import type { Reader } from "../interval.ts";
import type { EstimateContext } from "./context.ts";
import { ssdLifeGb } from "./embodied_terms.ts";
import { heldByteSeconds, hostReservedSeconds } from "./energy_terms.ts";
import type { Part, Term, Terms, UnknownPart } from "./term.ts";

/** Dollars of a usage (F21): rented by the hour, or owned by depreciation and energy. */
export function costTerms(usage: Usage, context: EstimateContext, energy: Terms): Terms {
  const terms: Term[] = [];
  const unknown: UnknownPart[] = [];
  const notes: string[] = [];
  const evidence = weakestEvidence(usage.evidence, "assumed");
  const add = (
    part: Part,
    formula: string,
    coefficients: string[],
    sunk: boolean,
    value: (get: Reader) => number,
  ) => terms.push({ account: "usd", part, formula, coefficients, evidence, sunk, value });
  if (context.site.ownership === "rented") rented(usage, context, add, unknown, notes);
  else owned(usage, context, energy, add, unknown);
  objectStore(usage, add);
  return { terms, unknown, notes };
}

type Add = (
  part: Part,
  formula: string,
  coefficients: string[],
  sunk: boolean,
  value: (get: Reader) => number,
) => void;

function rented(
  usage: Usage,
  { factors }: EstimateContext,
  add: Add,
  unknown: UnknownPart[],
  notes: string[],
): void {
  const gpus = usage.devices.filter((d) => d.kind === "gpu" && d.reservedSeconds > 0);
  if (factors.has("site.instance_usd_per_hour")) {
    const id = "site.instance_usd_per_hour";
    add(
      "gpu",
      "instance $/h x wall h (F21)",
      [id],
      false,
      (get) => get(id) * usage.wallSeconds / SECONDS_PER_HOUR,
    );
  } else {
    for (const gpu of gpus) {
      const id = `rent.gpu.${gpu.key}`;
      if (!factors.has(id)) {
        unknown.push({
          account: "usd",
          part: "gpu",
          reason: `no rent for GPU "${
            gpu.key ?? "unknown"
          }"; give --factor rent.gpu.KEY=USD_PER_HOUR`,
        });
        continue;
      }
      add(
        "gpu",
        "$/GPU-h x reserved GPU h (F21)",
        [id],
        false,
        (get) => get(id) * gpu.reservedSeconds / SECONDS_PER_HOUR,
      );
    }
    if (gpus.length === 0) {
      unknown.push({
        account: "usd",
        part: "host",
        reason: "no price of the rented instance; set instanceUsdPerHour in the site profile",
      });
    }
  }
  if (heldByteSeconds(usage, "dram", "ssd") > 0) {
    notes.push("DRAM and local SSD come with the rented instance and cost nothing more");
  }
}

function owned(
  usage: Usage,
  { factors }: EstimateContext,
  energy: Terms,
  add: Add,
  unknown: UnknownPart[],
): void {
  const life = (get: Reader) => get("depreciation.years") * SECONDS_PER_YEAR;
  const gpus = usage.devices.filter((d) => d.kind === "gpu" && d.reservedSeconds > 0);
  for (const gpu of gpus) {
    const id = `capex.gpu.${gpu.key}`;
    if (!factors.has(id)) {
      unknown.push({
        account: "usd",
        part: "gpu",
        reason: `no purchase price for GPU "${gpu.key ?? "unknown"}"; give --factor ` +
          "capex.gpu.KEY=USD (host share included)",
      });
      continue;
    }
    add(
      "gpu",
      "$ a GPU with its share of the node x reserved s / depreciation (F21)",
      [id, "depreciation.years"],
      true,
      (get) => get(id) * gpu.reservedSeconds / life(get),
    );
  }
  if (gpus.length === 0 && hostReservedSeconds(usage) > 0) {
    unknown.push({
      account: "usd",
      part: "host",
      reason: "no purchase price of a host without GPUs",
    });
  }
  const dram = heldByteSeconds(usage, "dram", "peer_dram") / BYTES_PER_GB;
  if (dram > 0) {
    add(
      "dram",
      "GB-seconds held x $/GB / depreciation (E15)",
      ["dram.usd_per_gb", "depreciation.years"],
      true,
      (get) => dram * get("dram.usd_per_gb") / life(get),
    );
  }
  const ssd = ssdLifeGb(usage, factors);
  if (ssd.used) {
    const used = ssd.binding("depreciation.years");
    add(
      "storage",
      "$/GB x max(GB-seconds held / depreciation, GB written / rated drive writes)",
      ["ssd.usd_per_gb", "depreciation.years", ...ssd.ids],
      true,
      (get) => get("ssd.usd_per_gb") * used(get),
    );
  }
  const hdd = heldByteSeconds(usage, "hdd") / BYTES_PER_GB;
  if (hdd > 0) {
    add(
      "storage",
      "GB-seconds held x $/GB / depreciation",
      ["hdd.usd_per_gb", "depreciation.years"],
      true,
      (get) => hdd * get("hdd.usd_per_gb") / life(get),
    );
  }
  if (!factors.has("electricity.usd_per_kwh")) {
    unknown.push({
      account: "usd",
      part: "requests",
      reason: "no electricity price; set electricityUsdPerKwh in the site profile or give " +
        "--factor electricity.usd_per_kwh=0.12",
    });
  } else if (energy.unknown.length > 0) {
    unknown.push({ account: "usd", part: "host", reason: energy.unknown[0].reason });
  } else {
    const joules = (get: Reader) => energy.terms.reduce((sum, t) => sum + t.value(get), 0);
    add(
      "host",
      "facility kWh x $/kWh (F21)",
      [
        ...new Set(energy.terms.flatMap((t) => t.coefficients)),
        "site.pue",
        "electricity.usd_per_kwh",
      ],
      false,
      (get) => joules(get) / JOULES_PER_KWH * get("site.pue") * get("electricity.usd_per_kwh"),
    );
  }
}

function objectStore(usage: Usage, add: Add): void {
  const held = heldByteSeconds(usage, "object") / BYTES_PER_GB;
  if (held > 0) {
    add(
      "storage",
      "GB-months held x $/GB-month (F21)",
      ["object.usd_per_gb_month"],
      false,
      (get) => held / SECONDS_PER_MONTH * get("object.usd_per_gb_month"),
    );
  }
  for (
    const [direction, id] of [
      ["write", "object.usd_per_1k_puts"],
      ["read", "object.usd_per_1k_gets"],
    ] as const
  ) {
    const requests = usage.flows
      .filter((f) => f.tier === "object" && f.direction === direction)
      .reduce((a, f) => a + f.requests, 0);
    if (requests > 0) {
      add(
        "requests",
        `${direction} requests x $ a thousand (F21)`,
        [id],
        false,
        (get) => requests / 1000 * get(id),
      );
    }
  }
}
