import type { MetricDefinition, MetricUnit } from "../metric.ts";

const GREEN = "GHG Protocol; ISO/IEC 21031:2024 (SCI)";

function define(
  id: string,
  unit: MetricUnit,
  title: string,
  formula: string,
  source: string = "this tool",
  better: MetricDefinition["better"] = "lower",
): MetricDefinition {
  return { id, unit, family: "estimate", title, better, nature: "exact", formula, source };
}

const PARTS = [
  ["gpu", "GPUs"],
  ["host", "hosts without their GPUs, DRAM and SSDs"],
  ["dram", "DRAM held"],
  ["storage", "SSD, HDD and object storage"],
  ["network", "traffic to remote and object tiers"],
] as const;

const RATE_UNITS = [
  ["request", "a request"],
  ["kilo_input_token", "1k input tokens"],
  ["kilo_output_token", "1k output tokens"],
  ["hit", "a KV hit"],
  ["checkpoint", "a checkpoint"],
  ["useful_step", "a useful training step"],
  ["step", "a training step"],
] as const;

const RATES: readonly MetricDefinition[] = RATE_UNITS.flatMap(([prefix, words]) => [
  define(`${prefix}_joules`, "joules", `Energy of ${words}`, "energy_joules / units", GREEN),
  define(
    `${prefix}_grams_co2e`,
    "gramsCo2e",
    `Carbon of ${words} (SCI)`,
    "total_grams_co2e / units; over several results sum over sum, never the mean of ratios",
    GREEN,
  ),
  define(`${prefix}_usd`, "usd", `Cost of ${words}`, "total_usd / units"),
]);

/** Metrics of the estimate family. */
export const ESTIMATE_METRICS: readonly MetricDefinition[] = [
  define(
    "energy_joules",
    "joules",
    "IT energy",
    "measured where a counter was read, else sum of watts x reserved seconds (idle included)",
    GREEN,
  ),
  define(
    "facility_energy_joules",
    "joules",
    "Energy at the facility's meter",
    "energy_joules x PUE, once",
    GREEN,
  ),
  ...PARTS.map(([part, words]) =>
    define(`energy_${part}_joules`, "joules", `Energy of ${words}`, "part of energy_joules")
  ),
  define(
    "unseen_energy_ratio",
    "ratio",
    "Share of the energy that GPU sensors never show",
    "1 - energy_gpu_joules / energy_joules",
    "AcmeTrace: a node idles at 1512 W, its GPUs at 496 W",
    "none",
  ),
  define(
    "operational_grams_co2e",
    "gramsCo2e",
    "Operational carbon",
    "energy / 3.6e6 x PUE x grid intensity, location-based average, slot by slot with a series",
    GREEN,
  ),
  define(
    "marginal_operational_grams_co2e",
    "gramsCo2e",
    "Operational carbon by the marginal signal",
    "energy / 3.6e6 x PUE x marginal intensity: for decisions to shift, not for inventories",
    "WattTime MOER",
  ),
  define(
    "embodied_grams_co2e",
    "gramsCo2e",
    "Embodied carbon",
    "sum of total x reserved time / life x share; SSDs by the larger of time and wear",
    GREEN,
  ),
  ...PARTS.slice(0, 4).map(([part, words]) =>
    define(
      `${part}_embodied_grams_co2e`,
      "gramsCo2e",
      `Embodied carbon of ${words}`,
      "part of embodied_grams_co2e",
    )
  ),
  define(
    "total_grams_co2e",
    "gramsCo2e",
    "Carbon, inventory view",
    "operational + embodied carbon of everything reserved",
    GREEN,
  ),
  define(
    "stored_grams_co2e",
    "gramsCo2e",
    "Carbon of memory and storage below the GPUs",
    "part of total_grams_co2e: DRAM, SSD, HDD and object storage, and the traffic to them",
  ),
  define(
    "decision_grams_co2e",
    "gramsCo2e",
    "Carbon, decision view",
    "operational carbon + SSD wear: what would not happen otherwise; owned hardware is sunk",
  ),
  define(
    "ssd_wear_grams_co2e",
    "gramsCo2e",
    "Embodied carbon of SSD wear",
    "g/GB x GB written / rated drive writes (host bytes over TBW; amplification is inside TBW)",
    "JESD218; this tool",
  ),
  define(
    "ssd_wear_ratio",
    "ratio",
    "Share of the drives' rated life used up",
    "host bytes written / TBW",
    "JESD218; NVMe SMART",
  ),
  define(
    "ssd_wear_out_days",
    "days",
    "Days until the rated writes are used up at this rate",
    "wall time / ssd_wear_ratio",
    "JESD218",
    "higher",
  ),
  define(
    "ssd_left_days",
    "days",
    "Days until the first drive is worn out at its own mean rate",
    "least over the drives: (TBW - host bytes written so far) / (host bytes / power-on time), by SMART",
    "JESD218; NVMe SMART",
    "higher",
  ),
  define(
    "ssd_wear_amplified_ratio",
    "ratio",
    "Wear by NAND bytes over rated NAND bytes",
    "media bytes / (TBW x rated amplification); needs --factor ssd.rated_amplification=N",
    "JESD218",
  ),
  define(
    "ssd_wear_nand_ratio",
    "ratio",
    "Wear by NAND bytes over the endurance of the cells",
    "media bytes / (program-erase cycles x raw bytes); needs --factor ssd.pe_cycles and drives.raw_bytes",
    "JESD218",
  ),
  define(
    "idle_energy_joules",
    "joules",
    "Energy of what is reserved without any work",
    "(host watts + idle watts of each GPU) x reserved seconds: the share of idle by reservation",
    "AcmeTrace; SCI: energy of hardware reserved, not just used",
  ),
  define(
    "fleet_embodied_grams_co2e",
    "gramsCo2e",
    "Embodied carbon as the fleet carries it",
    "embodied_grams_co2e / fleet.utilisation: hours that nobody reserved are paid by those that were",
    GREEN,
  ),
  define(
    "water_litres",
    "litres",
    "Water, on site and of the electricity",
    "IT kWh x WUE + IT kWh x PUE x litres a kWh of the grid",
    GREEN,
  ),
  define("site_water_litres", "litres", "Water used on site", "IT kWh x WUE, without PUE", GREEN),
  define(
    "total_usd",
    "usd",
    "Cost",
    "rented: $/h x hours + storage + requests + retrieval + egress; owned: capex x time / depreciation + energy",
  ),
  define("compute_usd", "usd", "Cost of GPUs and their hosts", "part of total_usd"),
  define("memory_usd", "usd", "Cost of DRAM held", "part of total_usd"),
  define("storage_usd", "usd", "Cost of storage", "part of total_usd"),
  define("object_request_usd", "usd", "Cost of object-store requests", "part of total_usd"),
  define(
    "retrieval_usd",
    "usd",
    "Cost of reading from an object store",
    "GiB read x $/GB retrieved; standard classes charge none",
  ),
  define(
    "egress_usd",
    "usd",
    "Cost of bytes that leave a cloud or a zone",
    "GB x $/GB of the place: reads leave the store's cloud, writes the machine's where it is rented; " +
      "over the internet in steps a month",
  ),
  ...RATES,
];
