import { isPrometheusText } from "../../parse/prometheus/text.ts";
import { prometheusPage } from "../../parse/prometheus/recording.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "prometheus-text",
  summary: "a scraped page of metrics: dcgm-exporter, node_exporter, vLLM, SGLang, LMCache",
  reference: "Prometheus exposition formats 0.0.4; OpenMetrics 1.0",
  is: isPrometheusText,
  parse: prometheusPage,
  confidence: 0.7,
});
