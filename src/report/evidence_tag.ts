import { formatMetric } from "../model/format_metric.ts";
import type { Evidence } from "../model/evidence.ts";
import type { MetricValue } from "../model/metric.ts";
import { formatInUnit } from "../model/format_metric.ts";
import { type Html, markup } from "./html.ts";

/** The tag that every number carries. */
export function evidenceTag(evidence: Evidence): Html {
  return markup`<span class="tag ${evidence}">${evidence}</span>`;
}

/** A metric as a reader sees it: value, interval where there is one, evidence; unknown with its reason. */
export function metricCell(metric: MetricValue | undefined): Html {
  if (metric === undefined) return markup`<span class="quiet">not given</span>`;
  if (metric.value === null) {
    return markup`<span class="quiet">unknown: ${metric.reason ?? "no reason was kept"}</span> ${
      evidenceTag(metric.evidence)
    }`;
  }
  const interval =
    metric.low === undefined || metric.high === undefined || metric.low === metric.high
      ? null
      : markup`
        <span class="quiet">(${formatInUnit(metric.low, metric.unit)} to ${
        formatInUnit(
          metric.high,
          metric.unit,
        )
      })</span>`;
  return markup`${formatMetric(metric)}${interval} ${evidenceTag(metric.evidence)}`;
}
