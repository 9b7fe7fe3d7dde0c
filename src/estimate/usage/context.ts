import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { Interval } from "../../model/profiles/site.ts";
import type { SiteProfile } from "../../model/profiles/site.ts";
import { dataError } from "../../model/errors.ts";
import { type Coefficient, type FactorSet, UNDATED } from "../factors/coefficient.ts";
import { rangeProblem } from "../factors/ranges.ts";

/** What an estimate knows besides the usage. */
export interface EstimateContext {
  readonly site: SiteProfile;
  readonly hardware: HardwareProfile | null;
  /** Built-in coefficients with the user's overrides, the site's and the hardware's own numbers. */
  readonly factors: FactorSet;
}

/** Why a figure of the site is not known, and what to do. */
export const MISSING: Readonly<Record<string, string>> = {
  "site.grid":
    "the site has no grid intensity that may be built in; give gridGramsPerKwh in a site " +
    "profile, --factor grid=G or --grid FILE",
  "site.pue": "the site has no PUE; give pue in a site profile or --factor pue=P",
};

/** Start of a reason: nothing can be looked up for a GPU without a name. */
export const NO_GPU_NAME = "nothing says which GPU it was (--hardware NAME does)";

/** A number of the site as a coefficient. @throws data error when it is out of range. */
function fromSite(
  id: string,
  interval: Interval,
  unit: string,
  site: SiteProfile,
): Coefficient {
  const coefficient: Coefficient = {
    id,
    value: interval.mid,
    low: interval.low,
    high: interval.high,
    unit,
    source: `site ${site.name}: ${site.source}`,
    asOf: site.asOf ?? UNDATED,
    licence: "as its source",
    note: site.asOf === null ? "the site profile gives no date" : null,
    origin: "built-in",
  };
  const problem = rangeProblem(coefficient);
  if (problem !== null) throw dataError(`site ${site.name}: ${problem}`);
  return coefficient;
}

/** `aws us-east-1` and `gcp:us-east4` alike, as the ids write them. */
export function gridId(key: string): string {
  return `grid.${key.trim().replace(/\s+/, ":")}`;
}

const SITE_NUMBERS = [
  ["site.grid", "gridGramsPerKwh", "gCO2e/kWh"],
  ["site.marginal", "marginalGramsPerKwh", "gCO2e/kWh"],
  ["site.pue", "pue", "share"],
  ["wue", "wueLitresPerKwh", "L/kWh"],
  ["electricity.usd_per_kwh", "electricityUsdPerKwh", "USD/kWh"],
  ["life.years", "lifeYears", "years"],
  ["depreciation.years", "depreciationYears", "years"],
  ["site.instance_usd_per_hour", "instanceUsdPerHour", "USD/h"],
] as const;

/**
 * Joins the site's and the hardware's own numbers to the coefficients. What the user gave by file or
 * flag beats both; the site beats the built-in tables.
 *
 * @param overridden Ids that the user gave; short forms `grid`, `pue` and `marginal` mean the site's.
 */
export function estimateContext(
  site: SiteProfile,
  hardware: HardwareProfile | null,
  base: FactorSet,
): EstimateContext {
  const factors = new Map(base);
  const given = (id: string) => factors.get(id)?.origin === "user";
  for (const [id, field, unit] of SITE_NUMBERS) {
    const interval = site[field];
    if (interval !== null && !given(id)) factors.set(id, fromSite(id, interval, unit, site));
  }
  if (!factors.has("site.grid") && site.grid !== null) {
    const row = factors.get(gridId(site.grid));
    if (row !== undefined) factors.set("site.grid", { ...row, id: "site.grid" });
  }
  for (const name of ["grid", "pue", "marginal"]) {
    const short = factors.get(name);
    if (short?.origin === "user") factors.set(`site.${name}`, { ...short, id: `site.${name}` });
  }
  if (hardware !== null) addHardware(factors, hardware);
  return { site, hardware, factors };
}

function addHardware(factors: Map<string, Coefficient>, hardware: HardwareProfile): void {
  const add = (id: string, value: number, unit: string, source: string) => {
    if (factors.get(id)?.origin === "user") return;
    factors.set(id, {
      id,
      value,
      low: value,
      high: value,
      unit,
      source: `hardware ${hardware.name}: ${source}`,
      asOf: "2026-06-30",
      licence: "as its source",
      note: null,
      origin: "built-in",
    });
  };
  const gpu = hardware.gpu;
  if (gpu?.watts !== undefined && !factors.has(`gpu.${gpu.key}.watts`)) {
    add(`gpu.${gpu.key}.watts`, gpu.watts.value, "W", gpu.watts.source);
  }
  const rated = hardware.ssds.filter((s) => s.enduranceBytes !== null);
  if (rated.length > 0 && rated.length === hardware.ssds.length) {
    const capacity = rated.reduce((a, s) => a + s.count * s.capacityBytes, 0);
    const endurance = rated.reduce((a, s) => a + s.count * s.enduranceBytes!, 0);
    const names = rated.map((s) => `${s.count} x ${s.name}`).join(", ");
    add("drives.capacity_bytes", capacity, "B", names);
    add("drives.tbw_bytes", endurance, "B", names);
    add("drives.count", rated.reduce((a, s) => a + s.count, 0), "drives", names);
  }
}
