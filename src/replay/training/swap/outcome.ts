import { metric, type Metrics } from "../../../model/metric.ts";
import type { ReplayOutcome } from "../../../model/policy.ts";
import type { FlowUsage, HeldUsage } from "../../../model/usage.ts";
import { formatBytes, formatSeconds } from "../../../model/units.ts";
import type { Machine } from "../machine.ts";
import { doesNotRun } from "../outcome.ts";
import { liveBytes, type Tensors } from "../recorded.ts";
import type { Task, TaskKind } from "../task_graph.ts";
import { timelineFigure, timelineSpans } from "../timeline_spans.ts";
import { liveSeries } from "../unchanged_timeline.ts";
import type { Move, SwapPlan } from "./plan.ts";

/** The moves as a time line: out, in and recomputation on lanes of their own. */
function timelineOf(plan: SwapPlan, seconds: number) {
  const tasks: Task[] = [];
  const start: number[] = [];
  const end: number[] = [];
  const add = (move: Move, lane: string, kind: TaskKind, from: number, to: number) => {
    tasks.push({
      name: `tensor ${move.tensor}`,
      kind,
      lane,
      gpu: 0,
      bytes: move.bytes,
      after: [],
    });
    start.push(from);
    end.push(to);
  };
  for (const move of plan.moves) {
    if (move.how === "recompute") {
      add(move, "GPU 0 recompute", "recompute", move.inStart, move.inEnd);
      continue;
    }
    add(move, "GPU 0 download", "download", move.outStart, move.outEnd);
    add(move, "GPU 0 upload", "upload", move.inStart, move.inEnd);
  }
  return { tasks, start: Float64Array.from(start), end: Float64Array.from(end), seconds };
}

function total(moves: readonly Move[], pick: (m: Move) => number): number {
  return moves.reduce((sum, m) => sum + pick(m), 0);
}

/** Bytes and time of the moves by where they go. */
function trafficOf(moves: readonly Move[]) {
  const by = (how: Move["how"]) => moves.filter((m) => m.how === how);
  const flows: FlowUsage[] = [];
  const held: HeldUsage[] = [];
  for (const [tier, how] of [["dram", "host"], ["ssd", "ssd"]] as const) {
    const own = by(how);
    if (own.length === 0) continue;
    const bytes = total(own, (m) => m.bytes);
    flows.push({ tier, direction: "write", bytes, requests: own.length });
    flows.push({ tier, direction: "read", bytes, requests: own.length });
    held.push({ tier, byteSeconds: total(own, (m) => m.bytes * (m.inEnd - m.outStart)) });
  }
  const swapped = [...by("host"), ...by("ssd")];
  return { flows, held, swapped, recomputed: by("recompute"), ssd: by("ssd") };
}

/** Metrics, lines and the time line of a swap plan on recorded tensors. */
export function swapOutcome(
  policy: string,
  tensors: Tensors,
  machine: Machine,
  plan: SwapPlan,
): ReplayOutcome {
  const recorded = liveBytes(tensors);
  const limit = machine.memoryBytes;
  const seconds = tensors.seconds + plan.costSeconds;
  const traffic = trafficOf(plan.moves);
  const of = (value: number, unit: "bytes" | "count" | "seconds" | "ratio") =>
    metric(value, unit, "modelled");
  const swappedBytes = total(traffic.swapped, (m) => m.bytes);
  const known: Metrics = {
    gpu_peak_bytes: of(plan.peakBytes, "bytes"),
    unplanned_peak_bytes: metric(recorded.peakBytes, "bytes", "replayed"),
    memory_limit_bytes: metric(Math.round(limit), "bytes", "assumed"),
    excess_bytes: of(Math.max(0, Math.round(plan.peakBytes - limit)), "bytes"),
    swapped_bytes: of(swappedBytes, "bytes"),
    swapped_tensors: of(traffic.swapped.length, "count"),
    recomputed_bytes: of(total(traffic.recomputed, (m) => m.bytes), "bytes"),
    recomputed_tensors: of(traffic.recomputed.length, "count"),
    recomputed_seconds: of(total(traffic.recomputed, (m) => m.costSeconds), "seconds"),
  };
  const states = tensors.bytes.reduce(
    (sum, bytes, i) => sum + (Number.isFinite(tensors.end[i]) ? 0 : bytes),
    0,
  );
  const fits = recorded.peakBytes <= limit;
  const notes = [
    ...(fits
      ? [
        `${policy}: the recorded tensors fit into ${
          formatBytes(limit)
        } already; --set memory=… asks for less.`,
      ]
      : []),
    `${policy}: ${traffic.swapped.length} tensors (${formatBytes(swappedBytes)}) are swapped, ` +
    `${traffic.recomputed.length} computed again; the peak falls from ${
      formatBytes(recorded.peakBytes)
    } to ${formatBytes(plan.peakBytes)}.`,
    ...(states === 0 ? [] : [
      `${
        formatBytes(states)
      } of tensors outlive the trace; their uses are not recorded, so they stay.`,
    ]),
  ];
  if (plan.peakBytes > limit) {
    return doesNotRun(
      `the peak stays at ${formatBytes(plan.peakBytes)}, ${
        formatBytes(plan.peakBytes - limit)
      } above the limit of ${formatBytes(limit)}`,
      known,
      notes,
    );
  }
  const away = plan.moves.map((m) => ({ from: m.awayFrom, to: m.awayTo, bytes: m.bytes }));
  const line = liveSeries(liveBytes(tensors, away), "Live tensors on the GPU");
  const waiting = total(traffic.swapped, (m) => m.costSeconds);
  const timeline = timelineOf(plan, seconds);
  return {
    metrics: {
      step_seconds: of(seconds, "seconds"),
      transfer_wait_ratio: of(seconds === 0 ? 0 : waiting / seconds, "ratio"),
      upload_bytes: of(swappedBytes, "bytes"),
      download_bytes: of(swappedBytes, "bytes"),
      ssd_read_bytes: of(total(traffic.ssd, (m) => m.bytes), "bytes"),
      ssd_written_bytes: of(total(traffic.ssd, (m) => m.bytes), "bytes"),
      ...known,
    },
    usage: {
      wallSeconds: seconds,
      functionalUnits: { steps: 1 },
      devices: [{
        kind: "gpu",
        ...(machine.gpuKey === null ? {} : { key: machine.gpuKey }),
        count: 1,
        reservedSeconds: seconds,
        busySeconds: null,
      }],
      flows: traffic.flows,
      held: [{ tier: "hbm", byteSeconds: plan.peakBytes * seconds }, ...traffic.held],
      evidence: "modelled",
    },
    series: [line],
    figures: plan.moves.length === 0 ? [] : [timelineFigure(timeline)],
    detail: { timeline: timelineSpans(timeline) },
    notes: [
      ...notes,
      ...(plan.costSeconds === 0
        ? []
        : [`${policy}: the step takes ${formatSeconds(plan.costSeconds)} longer than recorded.`]),
    ],
  };
}
