import type { Interval, SiteProfile } from "../site.ts";
import { AWS_REGIONS, AZURE_REGIONS, GCP_REGIONS, type SiteRow } from "./site_regions.ts";

const PUE_SOURCE = "Green-Software-Foundation/real-time-cloud Cloud_Region_Metadata.csv " +
  "(b2858aa, 2026-03-12)";
const FLEET_PUE: Readonly<Record<string, { pue: Interval; source: string }>> = {
  aws: {
    pue: { low: 1.04, mid: 1.15, high: 1.5 },
    source: "AWS fleet 2023 1.15, best site 1.04, worst region 1.50",
  },
  azure: {
    pue: { low: 1.12, mid: 1.18, high: 1.34 },
    source: "Azure fleet 2023 1.18, newest sites 1.12, worst region 1.34",
  },
  gcp: {
    pue: { low: 1.07, mid: 1.09, high: 1.16 },
    source: "Google fleet 2024 1.09, regions 1.07 to 1.16",
  },
};

function interval([low, mid, high]: readonly [number, number, number]): Interval {
  return { low, mid, high };
}

function cloudSite(provider: "aws" | "azure" | "gcp", row: SiteRow): SiteProfile {
  const fleet = FLEET_PUE[provider];
  const gridNote = row.grid === null
    ? "no grid figure may be built in for this place"
    : provider === "gcp"
    ? `grid gcp:${row.grid}`
    : `grid of Google's region in the same place, gcp:${row.grid}`;
  return {
    schema: "spillway/site/1",
    name: `${provider}-${row.region}`,
    gridGramsPerKwh: null,
    grid: row.grid === null ? null : `gcp:${row.grid}`,
    marginalGramsPerKwh: null,
    pue: row.pue === null ? fleet.pue : interval(row.pue),
    wueLitresPerKwh: row.wue === null ? null : interval(row.wue),
    electricityUsdPerKwh: null,
    lifeYears: null,
    depreciationYears: null,
    ownership: "rented",
    instanceUsdPerHour: null,
    source: `${row.place}; PUE: ${row.pue === null ? fleet.source : PUE_SOURCE}; ${gridNote}`,
    asOf: `${row.year}-12-31`,
  };
}

/**
 * For a machine whose place nobody named: the whole spread of 44 Google regions (2024) and of published
 * PUE. The interval is wide on purpose.
 */
const ANYWHERE: SiteProfile = {
  schema: "spillway/site/1",
  name: "anywhere",
  gridGramsPerKwh: { low: 2.73, mid: 323.05, high: 678.76 },
  grid: null,
  marginalGramsPerKwh: null,
  pue: { low: 1.08, mid: 1.15, high: 1.56 },
  wueLitresPerKwh: null,
  electricityUsdPerKwh: null,
  lifeYears: null,
  depreciationYears: null,
  ownership: "owned",
  instanceUsdPerHour: null,
  source:
    "least, median and greatest of 44 Google regions in 2024 (region-carbon-info, Apache-2.0); " +
    "PUE from Meta's 2023 fleet (1.08) to Uptime's 2024 survey (1.56)",
  asOf: "2024-12-31",
};

/** Built-in sites: `anywhere` (owned) and cloud regions (rented), named `aws-us-east-1`. */
export const BUILTIN_SITES: readonly SiteProfile[] = [
  ANYWHERE,
  ...AWS_REGIONS.map((row) => cloudSite("aws", row)),
  ...AZURE_REGIONS.map((row) => cloudSite("azure", row)),
  ...GCP_REGIONS.map((row) => cloudSite("gcp", row)),
];
