import { metric, type Metrics } from "../../model/metric.ts";
import type { ReplayOutcome, Series } from "../../model/policy.ts";
import type { Machine } from "./machine.ts";
import type { LiveBytes } from "./recorded.ts";

/** Points of a line at most: the fullest moment of each slice of time is kept. */
const MOST_POINTS = 500;

/** Live bytes as a line for the report. */
export function liveSeries(live: LiveBytes, title: string): Series {
  const slice = Math.max(1, Math.ceil(live.at.length / MOST_POINTS));
  const x: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < live.at.length; i += slice) {
    let fullest = i;
    for (let k = i; k < Math.min(live.at.length, i + slice); k++) {
      if (live.bytes[k] > live.bytes[fullest]) fullest = k;
    }
    x.push(live.at[fullest]);
    y.push(live.bytes[fullest]);
  }
  return { id: "live_bytes", title, xUnit: "seconds", unit: "bytes", x, y };
}

/** The outcome of a recorded step that runs as it was recorded. */
export function trainingTimeOnly(
  seconds: number,
  machine: Machine,
  live: LiveBytes,
  metrics: Metrics,
  notes: readonly string[],
): ReplayOutcome {
  return {
    metrics: {
      step_seconds: metric(seconds, "seconds", "replayed"),
      transfer_wait_ratio: metric(0, "ratio", "replayed"),
      upload_bytes: metric(0, "bytes", "replayed"),
      download_bytes: metric(0, "bytes", "replayed"),
      ...metrics,
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
      flows: [],
      held: [{ tier: "hbm", byteSeconds: live.peakBytes * seconds }],
      evidence: "replayed",
    },
    series: [liveSeries(live, "Live tensors")],
    notes,
  };
}
