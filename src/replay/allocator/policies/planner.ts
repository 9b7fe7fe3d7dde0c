import { z } from "zod";
import { metric, type Metrics, unknownMetric } from "../../../model/metric.ts";
import { bytesParam } from "../../../model/params.ts";
import type { Policy, Replay, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { lifetimesOf, lowerBound, type Placed, planBySize } from "../memory_plan.ts";
import { OpList } from "../op_list.ts";

const params = z.strictObject({
  align: bytesParam().default(512).describe("sizes are rounded up to this"),
  mostTensors: z.number().int().positive().default(50_000)
    .describe(
      "above so many allocations only the lower bound is given: the plan takes their square",
    ),
  capacity: bytesParam().nullable().default(null)
    .describe("device memory; the plan fails when it is larger"),
  device: z.number().int().nonnegative().nullable().default(null)
    .describe("GPU of the trace; without it the first that has events"),
});

interface Params {
  readonly align: number;
  readonly mostTensors: number;
  readonly capacity: number | null;
  readonly device: number | null;
}

const STEP = 2 * 2 ** 20;

const bytes = (value: number) => metric(value, "bytes", "replayed");

function create(p: Params, context: ReplayContext<"allocations">): Replay<"allocations"> {
  const ops = new OpList();
  return {
    feed: (columns) => ops.feed(columns, p.device),
    finish: () => plan(p, context, ops),
  };
}

function plan(
  p: Params,
  context: ReplayContext<"allocations">,
  ops: OpList,
): ReplayOutcome {
  const { requestedBytes: requested, roundedBytes: bound, allocations } = lowerBound(ops, p.align);
  const metrics: Metrics = {
    peak_requested_bytes: bytes(requested),
    peak_allocated_bytes: bytes(bound),
    lower_bound_bytes: bytes(bound),
  };
  if (allocations > p.mostTensors) {
    const unknown = unknownMetric(
      "bytes",
      "replayed",
      `${allocations} allocations are more than mostTensors=${p.mostTensors}`,
    );
    return {
      metrics: { ...metrics, planned_bytes: unknown, min_capacity_bytes: unknown },
      usage: null,
      notes: ["the planner gives only its lower bound: raise mostTensors for a plan"],
    };
  }
  const placed = planBySize(lifetimesOf(ops, p.align));
  const planned = placed.reduce((most, t) => Math.max(most, t.offset + t.size), 0);
  if (context.onEvent !== undefined) { for (const t of placed) context.onEvent(lineOf(t)); }
  const fails = p.capacity !== null && planned > p.capacity ? 1 : 0;
  return {
    metrics: {
      waste_ratio: metric(planned === 0 ? 0 : 1 - requested / planned, "ratio", "replayed"),
      ...metrics,
      planned_bytes: bytes(planned),
      peak_reserved_bytes: bytes(planned),
      ...(p.capacity === null
        ? { min_capacity_bytes: bytes(Math.ceil(planned / STEP) * STEP) }
        : {}),
      oom_count: metric(fails, "count", "replayed"),
      driver_call_count: metric(1, "count", "replayed"),
    },
    usage: null,
    notes: [
      "the planner knows the whole trace in advance: a bound for the others, not an allocator to use",
    ],
  };
}

/** A placement; times are those of the trace in microseconds, operations where it has none. */
function lineOf(t: Placed) {
  const timed = !Number.isNaN(t.startNs);
  return {
    op: "place",
    id: t.id,
    size: t.size,
    start: timed ? t.startNs / 1000 : t.start,
    end: timed ? t.endNs / 1000 : t.end,
    off: t.offset,
    len: t.size,
  };
}

export const policy: Policy<"allocations", Params> = {
  name: "planner",
  family: "allocator",
  summary: "lower bound and greedy plan with the whole trace known in advance",
  reference: "greedy by size for dynamic storage allocation; STAlloc (Infinigence), section 4",
  accepts: ["allocations"],
  params,
  create,
};
