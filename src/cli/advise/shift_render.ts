import { formatGrams, formatNumber } from "../../model/units.ts";
import type { Output } from "../output.ts";
import type { ShiftDocument } from "../schemas/shift_schema.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

/** What to do, in words, and whether the marginal signal agrees. */
export function shiftAdvice(
  signals: ShiftDocument["signals"],
  region: ShiftDocument["region"],
): string {
  const [average, marginal] = signals;
  const best = average.interruptible ?? average.contiguous;
  const parts: string[] = [];
  if (best.savedGrams <= 0) parts.push("run it now: no later start saves carbon");
  else {
    const share = best.savedGrams / average.now.totalGrams * 100;
    parts.push(
      `start at ${best.starts.join(", ")}: saves ${formatGrams(best.savedGrams)} ` +
        `(${formatNumber(Number(share.toPrecision(3)))} %) by the average signal`,
    );
  }
  if (marginal === undefined) {
    parts.push("no marginal signal given (--marginal): what the shift really changes is unknown");
  } else if (best.savedGrams > 0) {
    const saved = marginal.now.totalGrams - marginal.byAverageChoice!;
    parts.push(
      saved > 0
        ? `the marginal signal agrees: ${formatGrams(saved)}`
        : `the marginal signal disagrees: the same shift adds ${formatGrams(-saved)}`,
    );
  }
  if (region !== null) {
    const word = (g: number) => g < 0 ? `saves ${formatGrams(-g)}` : `adds ${formatGrams(g)}`;
    parts.push(
      `moving the region ${word(region.averageGrams)} by the average` +
        (region.marginalGrams === null
          ? "; by the marginal signal unknown"
          : ` and ${word(region.marginalGrams)} by the marginal signal` +
            (region.agree ? "" : ": they disagree")),
    );
  }
  return parts.join("; ");
}

/** The plans as a table, and the advice. */
export function renderShift(document: ShiftDocument, out: Output): string {
  const rows = document.signals.flatMap((s) =>
    ([["now", s.now], ["best start", s.contiguous], ["best slots", s.interruptible]] as const)
      .flatMap(([name, plan]) =>
        plan === null ? [] : [[
          s.signal,
          name,
          plan.starts[0],
          String(plan.segments),
          formatGrams(plan.totalGrams),
          formatGrams(plan.savedGrams),
        ]]
      )
  );
  return renderTable(
    [
      { title: "signal" },
      { title: "plan" },
      { title: "starts" },
      { title: "parts", align: "right" },
      { title: "carbon", align: "right" },
      { title: "saved", align: "right" },
    ],
    rows,
    out.width,
    out.style.bold,
  ) + `\n${wrapText(document.advice, out.width).join("\n")}\n` +
    document.notes.map((n) => `${wrapText(`note: ${n}`, out.width).join("\n")}\n`).join("");
}
