import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeriesTotals } from "../../src/analyze/series_totals.ts";

test("a gauge's integral does not bridge a reading that says it is unknown", () => {
  const series = [{
    source: "nvml",
    device: "GPU-0",
    field: "power_watts",
    unit: "watts",
    type: "gauge" as const,
  }];
  const totals = createSeriesTotals(series, 10e9);
  const values = [100, 100, NaN, 100, 100];
  totals.add({
    kind: "samples",
    count: values.length,
    series: Uint32Array.from(values, () => 0),
    timeNs: Float64Array.from(values, (_, i) => i * 1e9),
    value: Float64Array.from(values),
    reason: Int32Array.from(values, (v) => Number.isNaN(v) ? 0 : -1),
  });
  const total = totals.total(0, ["the GPU is lost"]);
  assert.equal(total.coveredSeconds, 2);
  assert.equal(total.integral, 200);
  assert.equal(total.missingReason, "the GPU is lost");
});
