import { dataError } from "../../model/errors.ts";
import type { Usage } from "../../model/usage.ts";
import type { LifeStage, StageSaver } from "../../estimate/lifecycle/lifecycle.ts";
import {
  type LifecyclePlan,
  lifecyclePlanSchema,
  type StagePlan,
} from "../../estimate/lifecycle/plan.ts";
import { storageCost, usageCost } from "../../estimate/lifecycle/stage_cost.ts";
import { type DataClass, DEFAULT_SAVERS, type Saver } from "../../estimate/placement/data_class.ts";
import { mediaOf, type Medium } from "../../estimate/placement/media.ts";
import { afterSaver, saversFor } from "../../estimate/placement/savers.ts";
import type { EstimateContext } from "../../estimate/usage/context.ts";
import type { Hosts } from "../../estimate/usage/energy_terms.ts";
import { closest } from "../did_you_mean.ts";
import { checkJson, readJson } from "../read_json.ts";
import { loadSubject } from "./load_subject.ts";

/** Reads and checks a plan. @throws data error naming the file and the place in it. */
export function readPlan(file: string): LifecyclePlan {
  return checkJson(
    readJson(file),
    lifecyclePlanSchema,
    file,
    '"spillway estimate lifecycle --example" prints a plan to start from',
  );
}

function fail(stage: StagePlan, what: string, hint?: string): never {
  throw dataError(`stage "${stage.name}": ${what}`, hint);
}

/** Tiers below the GPUs, whose bytes a way to store less touches. */
const BELOW = new Set(["dram", "peer_dram", "ssd", "hdd", "remote", "object"]);

/** What a usage would have been with fewer bytes held, written and read below the GPUs. */
export function usageAfter(usage: Usage, saver: Saver): Usage {
  return {
    ...usage,
    held: usage.held.map((h) =>
      BELOW.has(h.tier) ? { ...h, byteSeconds: h.byteSeconds * saver.heldFactor } : h
    ),
    flows: usage.flows.map((f) => {
      if (!BELOW.has(f.tier)) return f;
      const factor = f.direction === "write" ? saver.writtenFactor : saver.readFactor;
      return { ...f, bytes: f.bytes * factor, requests: f.requests * factor };
    }),
  };
}

function savers(list: readonly Saver[], after: (s: Saver) => StageSaver["after"]): StageSaver[] {
  return list.map((s) => ({
    name: s.name,
    source: s.source,
    lossy: s.lossy,
    price: s.price ?? null,
    after: after(s),
  }));
}

function usageStage(
  plan: StagePlan,
  usage: Usage,
  context: EstimateContext,
  hosts: Hosts = "bare",
): LifeStage {
  if (plan.period !== undefined && !(usage.wallSeconds > 0)) {
    fail(plan, "its result has no duration, so it cannot be scaled to a period");
  }
  const scale = plan.times *
    (plan.period === undefined ? 1 : plan.period / usage.wallSeconds);
  const own = Object.entries(usage.functionalUnits).map(([unit, n]) => [unit, n * scale] as const);
  const given = Object.entries(plan.units).map(([unit, n]) => [unit, n * plan.times] as const);
  return {
    name: plan.name,
    site: context.site.name,
    cost: usageCost(usage, context, scale, hosts),
    units: Object.fromEntries([...own, ...given]),
    savers: savers(
      DEFAULT_SAVERS[plan.kind],
      (s) => usageCost(usageAfter(usage, s), context, scale, hosts),
    ),
  };
}

async function fromResult(
  plan: StagePlan,
  context: EstimateContext,
  storePath: string,
): Promise<LifeStage> {
  const subject = await loadSubject(plan.from!, storePath);
  const names = subject.inputs.map((i) => i.name);
  const wanted = plan.policy;
  const found = wanted === undefined
    ? (subject.inputs.length === 1 ? subject.inputs : [])
    : subject.inputs.filter((i) => i.name === wanted || i.name.split(" ")[0] === wanted);
  if (found.length !== 1) {
    const near = wanted === undefined ? undefined : closest(wanted, names);
    fail(
      plan,
      wanted === undefined
        ? `${plan.from} has ${names.length} results and no policy is named`
        : `${plan.from} has ${found.length} results called "${wanted}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
      `name one with "policy": ${names.join(", ")}`,
    );
  }
  const usage = found[0].usage;
  if (usage === null) fail(plan, `${plan.from} reports no usage: nothing to price`);
  return usageStage(plan, usage, context);
}

/** The usage of GPUs that work for a time. */
export function machineUsage(machine: NonNullable<StagePlan["machine"]>): Usage {
  const reserved = machine.gpus * machine.seconds;
  return {
    wallSeconds: machine.seconds,
    functionalUnits: {},
    devices: [{
      kind: "gpu",
      key: machine.gpu,
      count: machine.gpus,
      reservedSeconds: reserved,
      busySeconds: machine.busyShare === undefined ? null : reserved * machine.busyShare,
    }],
    flows: [],
    held: machine.dramBytes > 0
      ? [{ tier: "dram", byteSeconds: machine.dramBytes * machine.seconds }]
      : [],
    evidence: "assumed",
  };
}

function mediumOf(plan: StagePlan, context: EstimateContext): Medium {
  const media = mediaOf(context.factors);
  const found = media.find((m) => m.name === plan.medium);
  if (found !== undefined) return found;
  const names = media.map((m) => m.name);
  const near = closest(plan.medium, names);
  fail(
    plan,
    `there is no medium "${plan.medium}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    `media: ${names.join(", ")}`,
  );
}

function storageStage(plan: StagePlan, data: DataClass, context: EstimateContext): LifeStage {
  if (plan.period === undefined) {
    fail(plan, 'storage needs to know for how long; give "period": "365d"');
  }
  const medium = mediumOf(plan, context);
  const price = (d: DataClass) => storageCost(d, medium, plan.period!, context, plan.times);
  return {
    name: plan.name,
    site: context.site.name,
    cost: price(data),
    units: plan.units,
    savers: savers(saversFor(data), (s) => price(afterSaver(data, s))),
  };
}

/** One stage of a plan at its site, priced. @throws data error naming the stage. */
export async function stageOf(
  plan: StagePlan,
  context: EstimateContext,
  storePath: string,
): Promise<LifeStage> {
  const ways = ["from", "machine", "storage"] as const;
  const given = ways.filter((w) => plan[w] !== undefined);
  if (given.length !== 1) {
    fail(
      plan,
      `it has ${given.length === 0 ? "none" : given.join(" and ")} of ${ways.join(", ")}, ` +
        "expected exactly one",
    );
  }
  if (plan.from !== undefined) return await fromResult(plan, context, storePath);
  if (plan.machine !== undefined) {
    return usageStage(plan, machineUsage(plan.machine), context, "whole");
  }
  return storageStage(plan, plan.storage!, context);
}
