import { kvBytesPerToken } from "../../model/llm_math.ts";
import { metric, type Metrics, type MetricValue, unknownMetric } from "../../model/metric.ts";
import type { ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { DeviceUsage, FlowUsage, HeldUsage, TierName, Usage } from "../../model/usage.ts";
import { breakEvenTable } from "./break_even_table.ts";
import type { BuiltEngine } from "./build.ts";
import type { EngineParams } from "./engine_params.ts";
import { LINK, type Side } from "./machine.ts";
import type { QuantileSketch } from "./quantiles.ts";
import type { InstanceTotals } from "./recorder.ts";
import type { Tally } from "./tally.ts";

/** A whole replay at one end of the coefficients' intervals. */
export interface SideResult {
  readonly side: Side;
  readonly engine: BuiltEngine;
  readonly tally: Tally;
  readonly totals: readonly InstanceTotals[];
}

/** Metrics, usage and notes of a serving replay; checks that everything adds up. */
export function outcomeOf(
  results: readonly SideResult[],
  params: EngineParams,
  context: ReplayContext<"requests">,
): ReplayOutcome {
  for (const result of results) assertConserved(result);
  const mid = results[0];
  const totals = sumTotals(mid);
  const metrics = metricsOf(results, totals, params);
  return {
    metrics,
    usage: usageOf(mid, totals, params, context),
    detail: {
      gpuBlocks: mid.engine.config.gpuBlocks,
      blockTokens: mid.engine.blockTokens,
      gpusPerInstance: mid.engine.machine.gpus,
      storedBytesPerBlock: mid.engine.storedBytesPerBlock,
      tierCapacityBlocks: Object.fromEntries(
        mid.engine.config.tiers.map((tier) => [tier.name, tier.capacityBlocks]),
      ),
      iterations: totals.iterations,
      breakEven: breakEvenTable(mid.engine, params, context),
    },
    notes: notesOf(mid, totals, context),
  };
}

/** What must hold of every replay; a violation is a bug of this tool, not of the input. */
function assertConserved({ tally, totals, engine }: SideResult): void {
  const { counts } = tally;
  const check = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`serving replay: ${what}`);
  };
  check(counts.submitted === counts.completed + counts.rejected, "requests got lost");
  check(
    counts.gpuHitTokens + counts.tierHitTokens + counts.computedTokens === counts.inputTokens,
    "hit and computed tokens do not add up to the input",
  );
  for (const instance of totals) {
    check(instance.pinnedBlocks === 0, `${instance.pinnedBlocks} blocks are still held at the end`);
    const worked = instance.busySeconds + instance.waitSeconds;
    check(
      worked <= instance.endSeconds * (1 + 1e-9) + 1e-9,
      "busy and waiting exceed the wall time",
    );
    instance.tiers.forEach((tier, t) => {
      const resident = instance.tierBlocks[t];
      check(
        tier.insertedBlocks === tier.evictedBlocks + tier.movedBlocks + resident,
        `${tier.name}: blocks in are not blocks out plus resident`,
      );
      check(resident <= engine.config.tiers[t].capacityBlocks, `${tier.name} holds too much`);
    });
  }
}

interface Totals {
  readonly wallSeconds: number;
  readonly busySeconds: number;
  readonly waitSeconds: number;
  readonly iterations: number;
  readonly preemptions: number;
  readonly tiers: readonly {
    name: TierName;
    readBytes: number;
    writtenBytes: number;
    readRequests: number;
    writeRequests: number;
    hitBlocks: number;
    byteSeconds: number;
  }[];
  readonly driveBusySeconds: number;
}

function sumTotals({ totals, engine, tally }: SideResult): Totals {
  const sum = (pick: (t: InstanceTotals) => number) => totals.reduce((s, t) => s + pick(t), 0);
  const { context } = engine.strategy;
  const kv = kvBytesPerToken(engine.config.llm);
  const made = tally.counts.computedTokens + tally.counts.recomputedTokens +
    tally.counts.outputTokens;
  // Near-storage: every token's KV is written to the tier once and read at each step that attends to it.
  const away = context === undefined ? [] : [{
    name: context.tier,
    readBytes: kv * sum((t) => t.contextTokens),
    writtenBytes: kv * made,
    readRequests: sum((t) => t.iterations),
    writeRequests: Math.ceil(made / engine.blockTokens),
    hitBlocks: 0,
    byteSeconds: 0,
  }];
  return {
    wallSeconds: Math.max(0, ...totals.map((t) => t.endSeconds)),
    busySeconds: sum((t) => t.busySeconds),
    waitSeconds: sum((t) => t.waitSeconds),
    iterations: sum((t) => t.iterations),
    preemptions: sum((t) => t.preemptions),
    tiers: away.length > 0 ? away : engine.config.tiers.map(({ name }, t) => ({
      name,
      readBytes: sum((i) => i.tiers[t].readBytes),
      writtenBytes: sum((i) => i.tiers[t].writtenBytes),
      readRequests: sum((i) => i.tiers[t].readRequests),
      writeRequests: sum((i) => i.tiers[t].writeRequests),
      hitBlocks: sum((i) => i.tiers[t].hitBlocks),
      byteSeconds: sum((i) => i.tiers[t].byteSeconds),
    })),
    driveBusySeconds: sum((t) =>
      Math.max(t.linkBusySeconds[LINK.ssdRead], t.linkBusySeconds[LINK.ssdWrite])
    ),
  };
}

function metricsOf(
  results: readonly SideResult[],
  totals: Totals,
  params: EngineParams,
): Metrics {
  const { tally } = results[0];
  const { counts } = tally;
  const metrics: Metrics = {};
  const latency = (id: string, pick: (tally: Tally) => QuantileSketch, q: number) => {
    metrics[id] = interval(results.map((r) => pick(r.tally)), q);
  };
  for (const [name, q] of [["p50", 0.5], ["p90", 0.9], ["p99", 0.99]] as const) {
    latency(`ttft_${name}_seconds`, (t) => t.ttft, q);
    latency(`tpot_${name}_seconds`, (t) => t.tpot, q);
    latency(`latency_${name}_seconds`, (t) => t.latency, q);
  }
  const count = tally.ttft.count;
  const modelled = (
    value: number,
    unit: MetricValue["unit"],
    extra: { count?: number } = {},
  ) => metric(value, unit, "modelled", extra);
  const over = (part: number, whole: number, unit: MetricValue["unit"], none: string) =>
    whole === 0 ? unknownMetric(unit, "modelled", none) : modelled(part / whole, unit);
  metrics.ttft_mean_seconds = over(tally.ttft.mean * count, count, "seconds", "no request ended");
  metrics.completed_requests = modelled(counts.completed, "count");
  metrics.rejected_requests = modelled(counts.rejected, "count");
  metrics.requests_per_second = over(
    counts.completed,
    totals.wallSeconds,
    "perSecond",
    "no time passed",
  );
  metrics.output_tokens_per_second = over(
    counts.outputTokens,
    totals.wallSeconds,
    "perSecond",
    "no time passed",
  );
  metrics.slo_attainment_ratio = over(counts.attained, count, "ratio", "no request ended");
  metrics.goodput_requests_per_second = over(
    counts.attained,
    totals.wallSeconds,
    "perSecond",
    "no time passed",
  );
  metrics.token_reuse_ratio = over(
    counts.gpuHitTokens + counts.tierHitTokens,
    counts.inputTokens,
    "ratio",
    "no request was looked up",
  );
  metrics.block_reuse_ratio = over(
    counts.gpuHitBlocks + counts.tierHitBlocks,
    counts.listedBlocks,
    "ratio",
    "the trace has no block ids",
  );
  metrics.hbm_hit_blocks = modelled(counts.gpuHitBlocks, "blocks");
  metrics.hbm_hit_tokens = modelled(counts.gpuHitTokens, "tokens");
  metrics.tier_hit_tokens = modelled(counts.tierHitTokens, "tokens");
  metrics.computed_tokens = modelled(counts.computedTokens + counts.recomputedTokens, "tokens");
  for (const name of ["dram", "ssd", "remote"] as const) {
    const tier = totals.tiers.find((t) => t.name === name);
    metrics[`${name}_hit_blocks`] = modelled(tier?.hitBlocks ?? 0, "blocks");
    metrics[`${name}_read_bytes`] = modelled(Math.round(tier?.readBytes ?? 0), "bytes");
    metrics[`${name}_written_bytes`] = modelled(Math.round(tier?.writtenBytes ?? 0), "bytes");
  }
  metrics.serving_seconds = modelled(totals.wallSeconds, "seconds");
  metrics.gpu_busy_seconds = modelled(totals.busySeconds, "seconds");
  metrics.gpu_wait_seconds = modelled(totals.waitSeconds, "seconds");
  metrics.gpu_busy_ratio = over(
    totals.busySeconds,
    totals.wallSeconds * params.instances,
    "ratio",
    "no time passed",
  );
  metrics.preemption_count = modelled(totals.preemptions, "count");
  return metrics;
}

/** A quantile at the middle of the coefficients, with the ends of their intervals as low and high. */
function interval(sketches: readonly QuantileSketch[], q: number): MetricValue {
  const values = sketches.map((sketch) => sketch.quantile(q));
  const [mid, ...ends] = values;
  if (mid === null) return unknownMetric("seconds", "modelled", "no request of this kind ended");
  const known = [mid, ...ends.filter((v) => v !== null)];
  return metric(mid, "seconds", "modelled", {
    ...(ends.length > 0 ? { low: Math.min(...known), high: Math.max(...known) } : {}),
    count: sketches[0].count,
  });
}

function usageOf(
  { engine, tally }: SideResult,
  totals: Totals,
  params: EngineParams,
  context: ReplayContext<"requests">,
): Usage {
  const hardware = context.profiles.hardware!;
  const gpus = engine.machine.gpus * params.instances;
  const devices: DeviceUsage[] = [{
    kind: "gpu",
    key: hardware.gpu!.key,
    count: gpus,
    reservedSeconds: gpus * totals.wallSeconds,
    busySeconds: engine.machine.gpus * totals.busySeconds,
  }];
  const drives = hardware.ssds.reduce((sum, s) => sum + s.count, 0);
  if (totals.tiers.some((tier) => tier.name === "ssd")) {
    devices.push({
      kind: "ssd",
      key: hardware.ssds[0].name,
      count: drives,
      reservedSeconds: drives * totals.wallSeconds,
      busySeconds: Math.min(drives * totals.driveBusySeconds, drives * totals.wallSeconds),
    });
  }
  const flows: FlowUsage[] = [];
  const held: HeldUsage[] = [];
  for (const tier of totals.tiers) {
    for (const direction of ["read", "write"] as const) {
      const bytes = Math.round(direction === "read" ? tier.readBytes : tier.writtenBytes);
      const requests = direction === "read" ? tier.readRequests : tier.writeRequests;
      if (bytes > 0) flows.push({ tier: tier.name, direction, bytes, requests });
    }
    held.push({ tier: tier.name, byteSeconds: tier.byteSeconds });
  }
  return {
    wallSeconds: totals.wallSeconds,
    functionalUnits: {
      requests: tally.counts.completed,
      inputTokens: tally.counts.inputTokens,
      outputTokens: tally.counts.outputTokens,
    },
    devices,
    flows,
    held,
    evidence: "modelled",
  };
}

function notesOf(
  { tally, engine }: SideResult,
  totals: Totals,
  context: ReplayContext<"requests">,
): string[] {
  const notes = [...engine.strategy.notes ?? []];
  if (context.meta.uniqueBlocks === null) {
    notes.push(
      "The trace has no block ids, so no reuse can be replayed: every prompt is computed.",
    );
  }
  if (tally.counts.rejected > 0) {
    notes.push(
      `${tally.counts.rejected} requests need more than the ${engine.config.gpuBlocks} blocks of an ` +
        "instance and were refused.",
    );
  }
  if (totals.preemptions > 0) {
    notes.push(
      `${totals.preemptions} preemptions for want of GPU blocks recomputed ` +
        `${tally.counts.recomputedTokens} tokens.`,
    );
  }
  return notes;
}
