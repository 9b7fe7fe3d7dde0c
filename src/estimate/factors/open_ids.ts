/** A coefficient that no table holds: a site, a machine or a user gives it. */
export interface OpenId {
  readonly pattern: RegExp;
  /** The id as people write it, with KEY for what they fill in. */
  readonly id: string;
  readonly unit: string;
  readonly meaning: string;
  /** Where it comes from when nobody gives it by flag. */
  readonly from: string;
}

function row(pattern: RegExp, id: string, unit: string, meaning: string, from: string): OpenId {
  return { pattern, id, unit, meaning, from };
}

const NOBODY = "nowhere: unknown unless given";
const PRICE = "the tables hold common ones; for others unknown unless given";
const KEY = "[a-z0-9_]+";

/** Ids that a user may give although no table has them. The first that matches decides. */
export const OPEN_IDS: readonly OpenId[] = [
  row(
    new RegExp(`^gpu\\.${KEY}\\.watts$`),
    "gpu.KEY.watts",
    "W",
    "rated power of a GPU",
    "the hardware profile, where the tables have no row",
  ),
  row(
    new RegExp(`^gpu\\.${KEY}\\.embodied$`),
    "gpu.KEY.embodied",
    "kgCO2e",
    "embodied carbon of a GPU card",
    "gpu.generic.embodied, where the tables have no row",
  ),
  row(new RegExp(`^rent\\.gpu\\.${KEY}$`), "rent.gpu.KEY", "USD/GPU-h", "rent of a GPU", PRICE),
  row(
    new RegExp(`^capex\\.gpu\\.${KEY}$`),
    "capex.gpu.KEY",
    "USD/GPU",
    "purchase price of a GPU with its share of the node, without DRAM and SSDs (priced by the GB)",
    PRICE,
  ),
  row(
    /^capex\.host$/,
    "capex.host",
    "USD/host",
    "purchase price of a server without GPUs, with its DRAM; drives are priced by the GB",
    NOBODY,
  ),
  row(
    /^object\.egress_usd_per_gb$/,
    "object.egress_usd_per_gb",
    "USD/GB",
    "price of a GB that leaves a cloud, instead of the steps of a place",
    "objectPlace of the site profile or --object-place",
  ),
  row(
    /^electricity\.usd_per_kwh$/,
    "electricity.usd_per_kwh",
    "USD/kWh",
    "price of electricity at the facility's meter",
    "electricityUsdPerKwh of the site profile",
  ),
  row(
    /^(site\.)?grid(\..+)?$/,
    "site.grid",
    "gCO2e/kWh",
    "grid intensity of the site, location-based average; --factor grid=G sets it",
    "gridGramsPerKwh of the site profile, its grid row (grid.gcp:REGION), or --grid FILE",
  ),
  row(
    /^(site\.)?marginal(\..+)?$/,
    "site.marginal",
    "gCO2e/kWh",
    "marginal grid intensity of the site, for shifts; --factor marginal=G sets it",
    "marginalGramsPerKwh of the site profile, or a marginal --grid FILE",
  ),
  row(
    /^(site\.)?pue$/,
    "site.pue",
    "share",
    "facility energy over IT energy; --factor pue=P sets it",
    "pue of the site profile",
  ),
  row(
    /^site\.instance_usd_per_hour$/,
    "site.instance_usd_per_hour",
    "USD/h",
    "rent of the whole instance",
    "instanceUsdPerHour of the site profile",
  ),
  row(/^wue$/, "wue", "L/kWh", "water on site of an IT kWh", "wueLitresPerKwh of the site profile"),
  row(/^water\.grid$/, "water.grid", "L/kWh", "water of a kWh of the grid", NOBODY),
  row(
    /^fleet\.utilisation$/,
    "fleet.utilisation",
    "share",
    "share of the fleet's hours that are reserved",
    NOBODY,
  ),
  row(
    /^ssd\.rated_amplification$/,
    "ssd.rated_amplification",
    "factor",
    "write amplification inside the rated writes of the drives (JEDEC workload)",
    NOBODY,
  ),
  row(/^ssd\.pe_cycles$/, "ssd.pe_cycles", "cycles", "program-erase cycles of the cells", NOBODY),
  row(
    /^drives\.(raw|tbw|capacity)_bytes$/,
    "drives.tbw_bytes",
    "B",
    "raw size, rated writes or capacity of all drives of the machine (raw, tbw, capacity)",
    "the SSDs of the hardware profile",
  ),
  row(
    /^drives\.count$/,
    "drives.count",
    "drives",
    "number of drives that the bytes above are of",
    "the SSDs of the hardware profile, else the SMART logs read",
  ),
];

/** The open id that an id is one of; undefined when it is none. */
export function openId(id: string): OpenId | undefined {
  return OPEN_IDS.find((o) => o.pattern.test(id) || o.id === id);
}
