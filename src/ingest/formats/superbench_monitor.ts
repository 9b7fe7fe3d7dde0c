import { isSuperbenchMonitor, parseSuperbenchMonitor } from "../../parse/superbench_monitor.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "superbench-monitor",
  summary: "JSON lines of the monitor of SuperBench",
  reference: "microsoft/superbenchmark, superbench/monitor",
  is: isSuperbenchMonitor,
  parse: parseSuperbenchMonitor,
  confidence: 0.98,
});
