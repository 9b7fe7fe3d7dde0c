import assert from "node:assert/strict";

/** Relative 1e-9, the tolerance of the worked examples that are not printed rounded. */
export function near(actual: number | null, expected: number, relative = 1e-9): void {
  assert.ok(actual !== null, `unknown, expected ${expected}`);
  const scale = Math.max(Math.abs(expected), 1e-300);
  assert.ok(
    Math.abs(actual - expected) <= relative * scale,
    `${actual} is not ${expected} (relative ${Math.abs(actual - expected) / scale})`,
  );
}

/**
 * Equal to the printed digits: half a unit in the last place that `printed` shows. `units` is 1 where the
 * text printed a sum or product of terms it had already rounded.
 */
export function printed(actual: number | null, printedText: string, units = 0.5): void {
  assert.ok(actual !== null, `unknown, expected ${printedText}`);
  const text = printedText.toLowerCase();
  const [mantissa, exponent = "0"] = text.split("e");
  const decimals = (mantissa.split(".")[1] ?? "").length;
  const half = units * 10 ** (Number(exponent) - decimals);
  assert.ok(
    Math.abs(actual - Number(text)) <= half * (1 + 1e-9),
    `${actual} does not print as ${printedText}`,
  );
}
