import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { engineTime } from "../../src/model/engine_time.ts";
import { checkGguf } from "../../src/parse/gguf.ts";
import { driftedEngine, measureDrift } from "../../src/workload/llm/anchor_engine.ts";
import { calibrateEngine, calibrationPoints } from "../../src/workload/llm/calibrate_engine.ts";
import type { LlmEngine } from "../../src/workload/llm/engine.ts";
import { lengthClaims } from "../../src/workload/llm/engine_claims.ts";
import { fitNonNegative, median } from "../../src/workload/llm/least_squares.ts";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeRandomModel } from "../../src/workload/llm/random_model.ts";

test("points on a law give its coefficients back", () => {
  const coefficient = fc.double({ min: 1e-3, max: 10, noNaN: true });
  fc.assert(fc.property(coefficient, coefficient, (a, b) => {
    const features = [10, 50, 200, 900].map((x) => [1, x]);
    const found = fitNonNegative(features, features.map(([, x]) => a + b * x));
    assert.ok(Math.abs(found[0] / a - 1) < 1e-4 && Math.abs(found[1] / b - 1) < 1e-4);
  }));
});

test("a coefficient that would be negative is 0, and the rest is fitted without it", () => {
  // A falling line: the slope is left out, the constant is the weighted mean.
  const found = fitNonNegative([[1, 1], [1, 2], [1, 3]], [3, 2, 1]);
  assert.equal(found[1], 0);
  assert.ok(found[0] > 1 && found[0] < 3);
  assert.equal(median([3, 1, 2]), 2);
});

test("calibration points never are a judged length, and stay within the context", () => {
  const own = calibrationPoints(1024, []).map((p) => p.tokens);
  const length = fc.oneof(fc.integer({ min: 16, max: 2000 }), fc.constantFrom(...own));
  const judgedLengths = fc.array(length, { maxLength: 6 })
    .map((lengths) => lengths.flatMap((n) => [n, n + 9]));
  fc.assert(fc.property(judgedLengths, (judged) => {
    for (const { cached, tokens } of calibrationPoints(1024, judged)) {
      assert.ok(!judged.includes(tokens), "moved off a judged length");
      assert.ok(cached + tokens < 1024);
    }
  }));
});

/** Options of a calibration that measures no real engine. */
const OPTIONS = {
  directory: tmpdir(),
  model: "m",
  engineName: "e",
  contextTokens: 1024,
  threads: 1,
  repeats: 2,
  asOf: "2026-11-25",
  progress: () => {},
};

/** An engine whose times follow a law exactly; `slower` multiplies those of evaluating and of storing. */
function lawfulEngine(slower = { evaluate: 1, store: 1 }): LlmEngine {
  let held = 0;
  const states = new Map<string, number>();
  const bytes = () => 172 + held * 1000;
  return {
    pid: 0,
    prefill: (tokens) => {
      held += tokens.length;
      return Promise.resolve(slower.evaluate * (0.002 + 0.001 * tokens.length));
    },
    save: (path) => {
      states.set(path, held);
      return Promise.resolve({
        seconds: slower.store * (0.001 + 2e-8 * bytes()),
        bytes: bytes(),
      });
    },
    restore: (path) => {
      held = states.get(path)!;
      return Promise.resolve({
        seconds: slower.store * (0.003 + 1e-8 * bytes()),
        bytes: bytes(),
        contextTokens: held,
      });
    },
    decode: (tokens, count) => {
      const n = tokens.length;
      const firstSeconds = slower.evaluate * (0.002 + 0.001 * n + 1e-6 * n * (held + n));
      held += n + count - 1;
      return Promise.resolve({
        firstSeconds,
        seconds: firstSeconds + slower.evaluate * 0.005 * (count - 1),
        tokens: new Array(count).fill(5),
        contextTokens: held,
      });
    },
    clear: () => {
      held = 0;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

test("an engine that follows the laws is calibrated to them, and its other lengths predicted", async () => {
  const calibration = await calibrateEngine(lawfulEngine(), { ...OPTIONS, judged: [333] });
  const { prefill, stateHeaderBytes, stateBytesPerToken } = calibration.profile;
  assert.ok(Math.abs(prefill.secondsPerToken.value / 0.001 - 1) < 1e-3);
  assert.ok(Math.abs(prefill.secondsPerPair.value / 1e-6 - 1) < 1e-2);
  assert.equal(stateHeaderBytes, 172);
  assert.equal(stateBytesPerToken, 1000);
  const { claims } = lengthClaims(calibration, [333]);
  const of = (quantity: string) => claims.find((c) => c.quantity === quantity)!.predicted;
  assert.ok(Math.abs(of("prefill-333 seconds") / (0.002 + 0.333 + 1e-6 * 333 * 333) - 1) < 1e-3);
  assert.equal(of("save-333 bytes"), 172 + 333_000);
  assert.ok(Math.abs(of("load-cold-333 seconds") / (0.003 + 1e-8 * 333_172) - 1) < 1e-3);
});

test("an engine that became slower is followed, each law by its own factor", async () => {
  const calibration = await calibrateEngine(lawfulEngine(), { ...OPTIONS, judged: [] });
  const later = lawfulEngine({ evaluate: 1.5, store: 3 });
  const drift = await measureDrift(later, calibration, tmpdir());
  const expected = { prefill: 1.5, decode: 1.5, save: 3, loadWarm: 3, loadCold: 3 };
  for (const [law, factor] of Object.entries(expected)) {
    assert.ok(Math.abs(drift[law as keyof typeof drift] / factor - 1) < 1e-2, law);
  }
  const [before, now] = [calibration.profile, driftedEngine(calibration.profile, drift)]
    .map((profile) => engineTime(profile, null));
  assert.ok(Math.abs(now.prefill(100, 200) / before.prefill(100, 200) - 1.5) < 0.02);
  assert.ok(Math.abs(now.load(1e6) / before.load(1e6) - 3) < 0.03);
  assert.equal(now.stateBytes(500), before.stateBytes(500));
});

test("a model file cut short anywhere is told from a whole one", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-gguf-"));
  try {
    const path = join(folder, "m.gguf");
    const size = writeRandomModel(path, {
      name: "tiny",
      layers: 1,
      hidden: 64,
      heads: 2,
      kvHeads: 1,
      ffn: 96,
      vocab: 300,
      contextTokens: 64,
    }, 1);
    const whole = new Uint8Array(readFileSync(path));
    checkGguf(whole, size, path);
    for (const cut of [0, 3, 20, 500, 9000, size - 1]) {
      assert.throws(() => checkGguf(whole.subarray(0, cut), cut, path), {
        kind: "data",
        message: /cut short/,
      }, `cut to ${cut} bytes`);
    }
    assert.throws(() => checkGguf(new Uint8Array(64).fill(65), 64, path), /no GGUF model/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
