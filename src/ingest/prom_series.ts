import { counted } from "../model/plural.ts";
import { dataError } from "../model/errors.ts";
import { dcgmReadings } from "../parse/gpu/dcgm.ts";
import { gpuFields } from "../parse/gpu/fields.ts";
import { namesOfSeries, type PromSeries } from "../parse/prometheus/query_json.ts";
import { unitOfName } from "../parse/prometheus/series.ts";
import { isCounter } from "../parse/prometheus/text.ts";
import { nodeExporterSeries } from "../parse/prometheus/node_exporter.ts";
import type { SampleSeries } from "../model/trace/samples.ts";
import type { SampleBuilder } from "./sample_trace.ts";

/** A reading of one series before all are put into the order of time. */
interface Point {
  readonly seconds: number;
  readonly series: number;
  readonly text: string;
}

/** The machine that a series is of, as its exporter names it; "" when no label tells. */
function hostOf({ labels }: PromSeries): string {
  return labels.Hostname ?? labels.hostname ?? labels.instance?.replace(/:\d+$/, "") ?? "";
}

/** Devices of a fleet by machine and name: GPU-0 of one machine is not GPU-0 of the next. */
function deviceNamer(own: readonly PromSeries[]): (series: PromSeries, device: string) => string {
  const hosts = new Set(own.map(hostOf));
  return (series, device) => hosts.size < 2 ? device : `${hostOf(series)}:${device}`;
}

/**
 * Adds series of Prometheus to a trace of samples: GPU metrics of DCGM and disks and energy of
 * node_exporter under the names that other sources use, everything else under its own name. Times are
 * from the first point of all.
 *
 * @returns notes on what was read.
 * @throws data error when a series goes back in time.
 */
export function addPromSeries(
  builder: SampleBuilder,
  all: readonly PromSeries[],
  label: string,
): string[] {
  const points: Point[] = [];
  all.forEach(({ points: own }, series) => {
    let last = -Infinity;
    for (const [seconds, text] of own) {
      if (seconds < last) {
        throw dataError(`${label}: result ${series}: times go back at ${seconds}`);
      }
      last = seconds;
      points.push({ seconds, series, text });
    }
  });
  const fields = gpuFields();
  points.sort((a, b) => a.seconds - b.seconds || a.series - b.series);
  const first = points[0]?.seconds ?? 0;
  const ofGpus = all.filter((s) => s.name.startsWith("DCGM_FI_"));
  const ofNodes = all.filter((s) => nodeExporterSeries(s.name, s.labels) !== null);
  const nameGpu = deviceNamer(ofGpus);
  const nameNode = deviceNamer(ofNodes);
  for (const { seconds, series: index, text } of points) {
    const series = all[index];
    const timeNs = Math.round((seconds - first) * 1e9);
    const value = Number(text === "+Inf" ? "Infinity" : text === "-Inf" ? "-Infinity" : text);
    const page = { samples: [{ ...series, value, text, timestampMs: null }], types: new Map() };
    const own = series.name.startsWith("DCGM_FI_")
      ? dcgmReadings(page, fields).readings[0]
      : undefined;
    if (own !== undefined) {
      const { device, field, unit, type } = own;
      const named = nameGpu(series, device);
      builder.add(
        timeNs,
        { source: "dcgm", device: named, field, unit, type },
        own.value,
        own.reason,
      );
      continue;
    }
    const known = Number.isFinite(value);
    builder.add(
      timeNs,
      nodeSeries(series, nameNode) ?? scrapedSeries(series),
      known ? value : null,
      known ? null : `Prometheus says ${text}`,
    );
  }
  return [
    `${all.length} series, ${counted(points.length, "point")}`,
    ...(ofGpus.length === 0 ? [] : [`${ofGpus.length} series are GPU fields of DCGM`]),
    ...(ofNodes.length === 0
      ? []
      : [`${ofNodes.length} series are disks and energy counters of node_exporter`]),
  ];
}

function nodeSeries(
  series: PromSeries,
  nameOf: (series: PromSeries, device: string) => string,
): SampleSeries | null {
  const own = nodeExporterSeries(series.name, series.labels);
  return own === null ? null : { ...own, device: nameOf(series, own.device) };
}

function scrapedSeries(series: PromSeries): SampleSeries {
  const { field, device } = namesOfSeries(series);
  const type = isCounter({ samples: [], types: new Map() }, series.name) ? "counter" : "gauge";
  return { source: "scrape", device, field, unit: unitOfName(series.name), type };
}
