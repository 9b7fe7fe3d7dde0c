import { formatInUnit, formatMetric } from "../model/format_metric.ts";
import { type Evidence, EVIDENCE_LETTERS } from "../model/evidence.ts";
import type { MetricValue } from "../model/metric.ts";
import { type Html, markup } from "./html.ts";

/** The tag that a number carries: a letter to see, the whole word to hear; the legend explains them. */
export function evidenceTag(evidence: Evidence): Html {
  return markup`<abbr class="tag ${evidence}" title="${evidence}"><span aria-hidden="true">${
    EVIDENCE_LETTERS[evidence]
  }</span><span class="vh">${evidence}</span></abbr>`;
}

/** The tag with its whole word, where there is room. */
export function evidenceWord(evidence: Evidence): Html {
  return markup`<span class="tag word ${evidence}">${evidence}</span>`;
}

/** A metric as a reader sees it: value, interval where there is one, evidence. */
export function metricCell(metric: MetricValue | undefined): Html {
  if (metric === undefined) return markup`<span class="quiet">not given</span>`;
  if (metric.value === null) {
    // The reason stands below the table (`why_unknown.ts`), where there is room for it.
    return markup`<span class="quiet">unknown</span>`;
  }
  const interval =
    metric.low === undefined || metric.high === undefined || metric.low === metric.high
      ? null
      : markup` <span class="range">${formatInUnit(metric.low, metric.unit)} to ${
        formatInUnit(metric.high, metric.unit)
      }</span>`;
  return markup`<span class="value">${formatMetric(metric)} ${
    evidenceTag(metric.evidence)
  }</span>${interval}`;
}
