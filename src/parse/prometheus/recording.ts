import { counted } from "../../model/plural.ts";
import { dataError } from "../../model/errors.ts";
import type { CounterRecording, Snapshot } from "../reading.ts";
import { pageReadings } from "./page_readings.ts";
import { parsePrometheusText } from "./text.ts";

/**
 * One scraped page as a sample. GPU metrics of dcgm-exporter are under this tool's names, the rest under
 * their own; the source is `dcgm` when most of the page is of GPUs.
 *
 * @throws data error when the page has no sample.
 */
export function prometheusPage(text: string, label: string): CounterRecording {
  const page = parsePrometheusText(text);
  if (page.samples.length === 0) {
    throw dataError(`${label}: a page without a sample`, "was the exporter still starting?");
  }
  const { dcgm, rest } = pageReadings(page);
  const stamps = page.samples.map((s) => s.timestampMs).filter((t) => t !== null);
  const snapshot: Snapshot = {
    unixMs: stamps.length === 0 ? null : Math.max(...stamps),
    readings: [...dcgm, ...rest],
  };
  return {
    source: dcgm.length > 0 ? "dcgm" : "scrape",
    snapshots: [snapshot],
    notes: [
      `${counted(page.samples.length, "sample")} of ${
        new Set(page.samples.map((s) => s.name)).size
      } metrics`,
      ...(dcgm.length === 0 ? [] : [`${dcgm.length} are GPU fields that other sources give too`]),
    ],
  };
}
