import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { completionTime } from "../../../src/replay/fault/completion.ts";
import { exactInterval, lambertW0 } from "../../../src/replay/fault/optimum.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

function close(actual: number, expected: number, what: string, tolerance = 1e-9): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, expected ${expected}`,
  );
}

test("Lambert W inverts w e^w over its whole domain", () => {
  const inputs = fc.oneof(fc.double({ min: -0.999, max: 5, noNaN: true }), fc.constant(-1));
  fc.assert(fc.property(inputs, (w) => {
    close(lambertW0(w * Math.exp(w)), w, `W0 at w=${w}`, w < -0.99 ? 1e-4 : 1e-9);
  }));
  assert.throws(() => lambertW0(-0.4), RangeError);
});

test("the exact optimum is the minimum of the completion time", () => {
  const delta = fc.double({ min: 0.1, max: 100, noNaN: true });
  const mtbf = fc.double({ min: 200, max: 1e5, noNaN: true });
  fc.assert(fc.property(delta, mtbf, (checkpoint, m) => {
    const at = (interval: number) =>
      completionTime({ useful: 1e6, interval, checkpoint, restart: 10, mtbf: m });
    const best = exactInterval(checkpoint, m);
    assert.ok(at(best) <= at(best * 1.02) && at(best) <= at(best * 0.98));
  }));
});
