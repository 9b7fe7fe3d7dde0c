import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import { dataError } from "../../model/errors.ts";
import { weightBytes } from "../../model/llm_math.ts";
import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { TraceStamp } from "../../model/results.ts";
import { formatDecimalBytes, formatNumber } from "../../model/units.ts";
import {
  type Design,
  knownInterval,
  type PricedDesign,
  priceDesigns,
  worthOf,
} from "../../estimate/capacity/designs.ts";
import {
  type Card,
  type FleetNeed,
  fleetSize,
  growthTable,
} from "../../estimate/capacity/fleet.ts";
import { coefficientUse } from "../../estimate/document.ts";
import { staleWarnings } from "../../estimate/factors/staleness.ts";
import type { EstimateContext } from "../../estimate/usage/context.ts";
import type { Demand } from "../../search/capacity/demand.ts";
import type { CapacityDocument } from "../schemas/capacity_schema.ts";

export interface CapacityInput {
  readonly trace: TraceStamp;
  readonly profiles: Readonly<Record<string, string>>;
  readonly demand: Demand;
  readonly llm: LlmProfile;
  readonly hardware: HardwareProfile;
  readonly context: EstimateContext;
  readonly years: number;
  readonly today: string;
  readonly notes: readonly string[];
}

function gpuCount(n: number): string {
  return `${formatNumber(n)} ${n === 1 ? "GPU" : "GPUs"}`;
}

/** Share of GPU memory that an engine may use, as the serving replays take it. */
const MEMORY_UTILIZATION = 0.9;

export function cardOf(hardware: HardwareProfile): Card {
  const gpu = hardware.gpu!;
  return {
    flopsPerSecond: gpu.bf16Flops.value * gpu.prefillEfficiency.value,
    memoryBytesPerSecond: gpu.memoryBytesPerSecond.value * gpu.decodeBandwidthEfficiency.value,
    memoryBytes: gpu.memoryBytes * MEMORY_UTILIZATION,
    perInstance: gpu.count,
  };
}

/** What each design needs of the GPUs: KV kept in HBM lies beside the live KV, on a tier it does not. */
export function needsOf(
  demand: Demand,
): { hbm: FleetNeed; tiered: FleetNeed; recompute: FleetNeed } {
  const { reusedFlopsPerSecond, recomputeFlopsPerSecond, liveBytes, heldBytes } = demand;
  const need = (flopsPerSecond: number, residentBytes: number): FleetNeed => ({
    flopsPerSecond,
    memoryBytesPerSecond: demand.decodeBytesPerSecond,
    residentBytes,
  });
  return {
    hbm: need(reusedFlopsPerSecond, liveBytes + heldBytes),
    tiered: need(reusedFlopsPerSecond, liveBytes),
    recompute: need(recomputeFlopsPerSecond, liveBytes),
  };
}

/** Does a fleet of such machines hold the KV and move it in time? */
function fit(design: Design, hardware: HardwareProfile): { fits: boolean; why: string } {
  if (design.name === "hbm" || design.name === "recompute") {
    return { fits: true, why: "nothing lies below the GPUs" };
  }
  const nodes = Math.ceil(design.size.gpus / hardware.gpu!.count);
  const link = design.size.gpus * (hardware.links.hostToDevice?.value ?? 0);
  const drives = hardware.ssds.reduce((a, s) => a + s.count * s.readBytesPerSecond.value, 0);
  const space = nodes *
    (design.name === "dram"
      ? hardware.dram?.capacityBytes ?? 0
      : hardware.ssds.reduce((a, s) => a + s.count * s.capacityBytes, 0));
  const rate = design.name === "dram" ? link : Math.min(link, nodes * drives);
  const fits = space >= design.heldBytes && rate >= design.readBytesPerSecond;
  return {
    fits,
    why: `${formatDecimalBytes(design.heldBytes)} of ${formatDecimalBytes(space)} on ${nodes} ` +
      `${nodes === 1 ? "node" : "nodes"}, reloads ${
        formatDecimalBytes(design.readBytesPerSecond)
      }/s of ${formatDecimalBytes(rate)}/s`,
  };
}

function metricsOf({ cost }: PricedDesign, context: EstimateContext): Metrics {
  const rows = [
    ["energy_joules", "joules", cost.joules],
    ["operational_grams_co2e", "gramsCo2e", cost.operational],
    ["embodied_grams_co2e", "gramsCo2e", cost.embodied],
    ["total_grams_co2e", "gramsCo2e", cost.grams],
    ["ssd_wear_grams_co2e", "gramsCo2e", cost.wear],
    ["total_usd", "usd", cost.usd],
  ] as const;
  return Object.fromEntries(rows.map(([id, unit, known]) => {
    if ("reason" in known) return [id, unknownMetric(unit, "assumed", known.reason)];
    const { low, mid, high } = knownInterval(known, context)!;
    return [id, metric(mid, unit, "assumed", { low, high })];
  }));
}

/** The document of `advise capacity`. @throws data error when the weights fit on no instance. */
export function capacityDocument(input: CapacityInput): CapacityDocument {
  const { demand, llm, hardware, context } = input;
  const card = cardOf(hardware);
  const weights = weightBytes(llm);
  const needs = needsOf(demand);
  const [hbm, tiered, recompute] = [needs.hbm, needs.tiered, needs.recompute]
    .map((need) => fleetSize(need, card, weights));
  if (hbm === null || tiered === null || recompute === null) {
    throw dataError(
      `${llm.name} needs ${
        formatDecimalBytes(weights)
      } of weights, more than ${card.perInstance} x ` +
        `${hardware.gpu!.key} hold`,
      "choose a machine with more or larger GPUs",
    );
  }
  const below = {
    size: tiered,
    heldBytes: demand.heldBytes,
    readBytesPerSecond: demand.reloadBytesPerSecond,
    writtenBytesPerSecond: demand.storeBytesPerSecond,
  };
  const none = { heldBytes: 0, readBytesPerSecond: 0, writtenBytesPerSecond: 0 };
  const designs: Design[] = [
    { name: "recompute", size: recompute, ...none },
    { name: "hbm", size: hbm, ...none, heldBytes: demand.heldBytes },
    { name: "dram", ...below },
    { name: "ssd", ...below },
  ];
  const priced = priceDesigns(designs, hardware.gpu!.key, context);
  const by = (name: Design["name"]) => priced.find((p) => p.design.name === name)!;
  const pairs = (["dram", "ssd"] as const).flatMap((tier) =>
    (["hbm", "recompute"] as const).map((other) => {
      const { usd, grams, ...rest } = worthOf(by(tier), by(other), context);
      return { tier, against: other, usdPerMonth: usd, gramsPerMonth: grams, ...rest };
    })
  );
  const factor = (id: string) => context.factors.get(id)!.value;
  const growth = growthTable(needs, card, weights, {
    compute: factor("growth.demand_compute"),
    memory: factor("growth.demand_memory"),
    cardFlops: factor("growth.card_flops"),
    cardBandwidth: factor("growth.card_bandwidth"),
    cardMemory: factor("growth.card_memory"),
  }, input.years);
  const used = new Set([
    ...priced.flatMap(({ cost }) =>
      [cost.usd, cost.grams].flatMap((k) => "reason" in k ? [] : k.priced.ids)
    ),
    ...[...context.factors.keys()].filter((id) => id.startsWith("growth.")),
  ]);
  const coefficients = [...used].map((id) => context.factors.get(id)!);
  const bought = Math.max(0, hbm.gpus - hbm.forCompute);
  const advice = bought === 0
    ? `no GPU is bought for memory alone: the work needs ${hbm.forCompute} GPUs and they hold the KV`
    : `${formatNumber(bought)} of ${
      formatNumber(hbm.gpus)
    } GPUs would be bought for their memory: ` +
      `keeping ${formatDecimalBytes(demand.heldBytes)} of KV below the GPUs is worth ` +
      gpuCount(hbm.gpus - tiered.gpus);
  return {
    schema: "spillway/capacity/1",
    trace: { ...input.trace },
    profiles: { ...input.profiles },
    demand: { ...demand },
    designs: priced.map((p) => ({
      name: p.design.name,
      size: { ...p.design.size },
      heldBytes: p.design.heldBytes,
      boughtForMemory: Math.max(0, p.design.size.gpus - p.design.size.forCompute),
      ...fit(p.design, hardware),
      metrics: metricsOf(p, context) as CapacityDocument["designs"][number]["metrics"],
    })),
    worth: pairs,
    growth,
    coefficients: coefficients.map(coefficientUse),
    advice,
    warnings: [...input.notes, ...staleWarnings(coefficients, input.today)],
  };
}
