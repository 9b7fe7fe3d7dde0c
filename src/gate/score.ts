import type {
  Claim,
  MeasuredQuantity,
  ScoredCase,
  ScoreDocument,
  ScoreRow,
} from "../model/prediction.ts";

/** Puts every claim beside what was measured. A claim of exactly 0 is hit by exactly 0 alone. */
export function scoreClaims(
  claims: readonly Claim[],
  measured: ReadonlyMap<string, MeasuredQuantity>,
): ScoreRow[] {
  return claims.map((claim): ScoreRow => {
    const found = measured.get(claim.quantity);
    if (found === undefined) {
      return {
        ...claim,
        measured: null,
        measuredLow: null,
        measuredHigh: null,
        repeats: 0,
        relativeError: null,
        spread: null,
        verdict: "not measured",
      };
    }
    const { value, low, high, repeats } = found;
    const difference = claim.predicted - value;
    const relativeError = difference === 0 ? 0 : value === 0 ? null : difference / value;
    // An exact claim must hold in every repeat.
    const isHit = claim.within === 0
      ? claim.predicted === low && claim.predicted === high && difference === 0
      : relativeError !== null && Math.abs(relativeError) <= claim.within;
    return {
      ...claim,
      measured: value,
      measuredLow: low,
      measuredHigh: high,
      repeats,
      relativeError,
      spread: value === 0 ? null : (high - low) / Math.abs(value),
      verdict: isHit ? "hit" : "miss",
    };
  });
}

/** How far a row lies beyond its bar: error over bar; infinite for an exact claim that is wrong. */
function excess(row: ScoreRow): number {
  if (row.verdict === "not measured") return -1;
  if (row.within === 0) return row.verdict === "hit" ? 0 : Infinity;
  return row.relativeError === null ? Infinity : Math.abs(row.relativeError) / row.within;
}

const percent = (x: number | null): string => x === null ? "-" : `${(x * 100).toFixed(1)} %`;

/** Which assumption explains the row that lies farthest beyond its bar: repeats, the law's fit, or neither. */
export function explainLargestMiss(cases: readonly ScoredCase[]): string {
  const rows = cases.flatMap((c) => c.rows.map((row) => ({ row, name: c.name })));
  if (rows.every(({ row }) => row.verdict === "not measured")) return "Nothing was measured.";
  const { row, name } = rows.reduce((a, b) => excess(b.row) > excess(a.row) ? b : a);
  const where = cases.length === 1 ? row.quantity : `${name}: ${row.quantity}`;
  const error = Math.abs(row.relativeError ?? Infinity);
  const head = `Largest ${row.verdict === "miss" ? "miss" : "error"}: ${where}, ${
    percent(row.relativeError)
  }`;
  if (row.within === 0) {
    return row.verdict === "hit"
      ? "Every claim is exact, and holds."
      : `${head}; it was claimed to be exact: ${row.assumption}.`;
  }
  if (row.spread !== null && error <= row.spread) {
    return `${head}; the ${row.repeats} repeats themselves spread over ${
      percent(row.spread)
    }, so the ` +
      "assumption of a steady machine explains it.";
  }
  const residual = row.calibrationResidual;
  if (residual !== null && error <= 1.5 * residual) {
    return `${head}; the calibration's own points leave the law by ${percent(residual)}, so the ` +
      `assumption that explains it is: ${row.assumption}.`;
  }
  return `${head}; neither the repeats (${percent(row.spread)}) nor the fit (${
    percent(residual)
  }) ` +
    "explains it: the machine changed between calibration and run, or the law leaves something out " +
    `(${row.assumption}).`;
}

/** Counts verdicts over cases. */
export function tallyScores(
  cases: readonly ScoredCase[],
): Pick<ScoreDocument, "hits" | "misses" | "notMeasured" | "refused"> {
  const count = (verdict: ScoreRow["verdict"]) =>
    cases.reduce((sum, c) => sum + c.rows.filter((r) => r.verdict === verdict).length, 0);
  return {
    hits: count("hit"),
    misses: count("miss"),
    notMeasured: count("not measured"),
    refused: cases.filter((c) => c.refused !== null).length,
  };
}
