import type { Importer, ImportInput } from "../importer.ts";
import { readAllText } from "../input.ts";
import { addPromSeries } from "../prom_series.ts";
import { builtSamples, SampleBuilder } from "../sample_trace.ts";
import { isPromQueryJson, parsePromQueryJson } from "../../parse/prometheus/query_json.ts";

async function read(input: ImportInput) {
  const series = parsePromQueryJson(await readAllText(input), input.label);
  const builder = new SampleBuilder();
  const notes = addPromSeries(builder, series, input.label);
  return await builtSamples(input, "prometheus-json", builder, notes);
}

export const format: Importer<"samples"> = {
  name: "prometheus-json",
  kind: "samples",
  summary: "an answer of Prometheus to query or query_range, as PromQL tools export it",
  reference: "Prometheus, HTTP API, expression query result formats",
  detect: (head) => isPromQueryJson(head.text) ? 0.97 : 0,
  read,
};
