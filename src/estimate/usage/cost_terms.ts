import { weakestEvidence } from "../../model/evidence.ts";
import type { Usage } from "../../model/usage.ts";
import {
  BYTES_PER_GB,
  JOULES_PER_KWH,
  SECONDS_PER_HOUR,
  SECONDS_PER_YEAR,
} from "../formulas/units.ts";
import type { Reader } from "../interval.ts";
import { type EstimateContext, MISSING, NO_GPU_NAME } from "./context.ts";
import { driveRates, usedUpGb } from "./drive_rate.ts";
import { pricedDramByteSeconds, ssdLifeGb } from "./embodied_terms.ts";
import { heldByteSeconds, hostReservedSeconds } from "./amounts.ts";
import type { Hosts } from "./energy_terms.ts";
import { hostMemory } from "./host_memory.ts";
import { objectStoreCost, rentedRemoteCost } from "./object_store.ts";
import type { Part, Term, Terms, UnknownPart } from "./term.ts";

/** Dollars of a usage (F21): rented by the hour, or owned by depreciation and energy. */
export function costTerms(
  usage: Usage,
  context: EstimateContext,
  energy: Terms,
  hosts: Hosts = "bare",
): Terms {
  const terms: Term[] = [];
  const unknown: UnknownPart[] = [];
  const notes: string[] = [];
  const evidence = weakestEvidence(usage.evidence, "assumed");
  const add: AddCost = (part, formula, coefficients, sunk, value) =>
    terms.push({ account: "usd", part, formula, coefficients, evidence, sunk, value });
  if (context.site.ownership === "rented") rented(usage, context, add, unknown, notes);
  else {
    owned(usage, context, energy, add, unknown);
    if (hosts === "whole") {
      const { ids, value } = hostMemory(usage).usd;
      add(
        "dram",
        "$ of the hosts' DRAM and SSD x reserved GPU s / 8 / depreciation",
        ids,
        true,
        value,
      );
    }
  }
  objectStoreCost(usage, context, add, unknown, notes);
  return { terms, unknown, notes };
}

/** Adds a term in dollars. */
export type AddCost = (
  part: Part,
  formula: string,
  coefficients: readonly string[],
  sunk: boolean,
  value: (get: Reader) => number,
) => void;

function rented(
  usage: Usage,
  { factors }: EstimateContext,
  add: AddCost,
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
          reason: gpu.key === undefined
            ? `${NO_GPU_NAME}, so it has no rent`
            : `no rent for GPU "${gpu.key}"; give --factor ${id}=USD_PER_HOUR`,
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
  if (heldByteSeconds(usage, "dram", "peer_dram", "ssd", "hdd") > 0) {
    notes.push("DRAM and local drives come with the rented instance and cost nothing more");
  }
  rentedRemoteCost(usage, add);
}

function owned(
  usage: Usage,
  { factors }: EstimateContext,
  energy: Terms,
  add: AddCost,
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
        reason: gpu.key === undefined
          ? `${NO_GPU_NAME}, so it has no purchase price`
          : `no purchase price for GPU "${gpu.key}"; give --factor ${id}=USD (its share of the ` +
            "host included, DRAM and SSDs left out: they are priced by the GB)",
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
  const hosts = gpus.length === 0 ? hostReservedSeconds(usage) : 0;
  if (hosts > 0 && !factors.has("capex.host")) {
    unknown.push({
      account: "usd",
      part: "host",
      reason: "no purchase price of a host without GPUs; give --factor capex.host=USD",
    });
  } else if (hosts > 0) {
    add(
      "host",
      "$ a host with its DRAM x reserved s / depreciation (F21)",
      ["capex.host", "depreciation.years"],
      true,
      (get) => get("capex.host") * hosts / life(get),
    );
  }
  const dram = pricedDramByteSeconds(usage) / BYTES_PER_GB;
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
  const rates = driveRates(usage, factors);
  if (rates !== null) {
    const used = usedUpGb(rates, usage.wallSeconds, "depreciation.years");
    add(
      "storage",
      "$/GB x sum over drives of GB x reserved s / min(depreciation, TBW / the drive's own mean rate)",
      ["ssd.usd_per_gb", "depreciation.years", ...rates.ids],
      true,
      (get) => get("ssd.usd_per_gb") * used(get),
    );
  } else if (ssd.used) {
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
      part: "host",
      reason: "no electricity price; set electricityUsdPerKwh in the site profile or give " +
        "--factor electricity.usd_per_kwh=0.12",
    });
  } else if (!factors.has("site.pue")) {
    unknown.push({ account: "usd", part: "host", reason: MISSING["site.pue"] });
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
