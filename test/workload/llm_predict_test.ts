import assert from "node:assert/strict";
import { test } from "node:test";
import {
  explainMiss,
  fitLaw,
  fitLaws,
  predictPhases,
  scorePrediction,
  seal,
  stateBytesLaw,
} from "../../src/workload/llm/predict.ts";
import type { WorkloadResult } from "../../src/workload/workload.ts";

/** A run whose times follow exact laws: prefill 0.1 + 1e-3 n + 1e-6 n^2, I/O 1 ms + bytes / 1 GB/s. */
function exactRun(lengths: readonly number[], factor = 1): WorkloadResult {
  const phase = (name: string, seconds: number, read: number, written: number) => ({
    name,
    seconds,
    bytesRead: read,
    bytesWritten: written,
    operations: 1,
    p0Seconds: seconds,
    p50Seconds: seconds,
    p99Seconds: seconds,
  });
  return {
    phases: lengths.flatMap((n) => {
      const bytes = 4000 + 100 * n;
      const io = 1e-3 + bytes / 1e9;
      return [
        phase(`prefill-${n}`, (0.1 + 1e-3 * n + 1e-6 * n * n) * factor, 0, 0),
        phase(`save-${n}`, io, 0, bytes),
        phase(`load-cold-${n}`, io, bytes, 0),
        phase(`load-warm-${n}`, io / 2, bytes, 0),
      ];
    }),
    verifiedBytes: 0,
    notes: [],
  };
}

test("a polynomial is recovered exactly from points on it", () => {
  const x = [100, 300, 700, 1500];
  const y = x.map((n) => 2 + 0.5 * n + 0.001 * n * n);
  const [a, b, c] = fitLaw(x, y, 2);
  assert.ok(Math.abs(a - 2) < 1e-8 && Math.abs(b - 0.5) < 1e-9 && Math.abs(c - 0.001) < 1e-12);
});

test("laws that hold are predicted exactly at lengths that were not measured", () => {
  const calibration = exactRun([200, 350, 600, 1100]);
  const laws = fitLaws(calibration);
  const predictions = predictPhases(laws, [256, 1024], stateBytesLaw(calibration));
  const rows = scorePrediction(
    { schema: "spillway/prediction/1", calibration: { lengths: [], laws }, predictions },
    exactRun([256, 1024]),
  );
  assert.equal(rows.length, 8);
  for (const row of rows) {
    assert.ok(Math.abs(row.relativeError) < 1e-6, row.phase);
    assert.ok(row.hit, row.phase);
    assert.equal(row.predictedBytes, row.measuredBytes);
  }
});

test("a machine that became slower is a miss, and the explanation says so", () => {
  const calibration = exactRun([200, 350, 600, 1100]);
  const laws = fitLaws(calibration);
  const predictions = predictPhases(laws, [512], stateBytesLaw(calibration));
  const rows = scorePrediction(
    { schema: "spillway/prediction/1", calibration: { lengths: [], laws }, predictions },
    exactRun([512], 1.5),
  );
  const prefill = rows.find((r) => r.kind === "prefill")!;
  assert.ok(!prefill.hit);
  assert.ok(Math.abs(prefill.relativeError + 1 / 3) < 1e-6);
  assert.match(explainMiss(rows, laws), /prefill-512.*the machine changed/);
});

test("the seal changes with any number of the prediction", () => {
  const base = {
    schema: "spillway/prediction/1" as const,
    calibration: { lengths: [1], laws: [] },
    predictions: [{
      phase: "prefill-1",
      kind: "prefill" as const,
      length: 1,
      predictedSeconds: 1,
      predictedBytes: null,
    }],
  };
  const changed = {
    ...base,
    predictions: [{ ...base.predictions[0], predictedSeconds: 1.0000001 }],
  };
  assert.match(seal(base), /^[0-9a-f]{64}$/);
  assert.equal(seal(base), seal(structuredClone(base)));
  assert.notEqual(seal(base), seal(changed));
});
