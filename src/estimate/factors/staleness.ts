import { type Coefficient, UNDATED } from "./coefficient.ts";

const PRICE_MONTHS = 6;
const FACTOR_MONTHS = 36;

/** Whole months from `from` to `to` (both `YYYY-MM-DD`), negative when `to` is earlier. */
export function monthsBetween(from: string, to: string): number {
  const [y1, m1, d1] = from.split("-").map(Number);
  const [y2, m2, d2] = to.split("-").map(Number);
  return (y2 - y1) * 12 + (m2 - m1) - (d2 < d1 ? 1 : 0);
}

/** Prices age within months, physical figures within years. */
export function isPrice(coefficient: Pick<Coefficient, "unit">): boolean {
  return coefficient.unit.startsWith("USD");
}

/**
 * A sentence when a coefficient is too old to be trusted: a price above 6 months, anything else above 3
 * years; null otherwise. The date of today is given by the caller: estimates have no clock.
 */
export function staleness(coefficient: Coefficient, today: string): string | null {
  if (coefficient.asOf === UNDATED) {
    return `${coefficient.id} has no date (${coefficient.source}): give asOf with it`;
  }
  const months = monthsBetween(coefficient.asOf, today);
  const limit = isPrice(coefficient) ? PRICE_MONTHS : FACTOR_MONTHS;
  if (months < limit || (months === limit && coefficient.asOf.slice(8) === today.slice(8))) {
    return null;
  }
  const age = months >= 24 ? `${Math.floor(months / 12)} years` : `${months} months`;
  return `${coefficient.id} is of ${coefficient.asOf}, ${age} old: ` +
    (isPrice(coefficient) ? "prices move within months" : "factors move within years") +
    `; give your own with --factor ${coefficient.id}=LOW..HIGH`;
}

/**
 * What is stale among the coefficients of a result: one sentence for prices, one for factors, the oldest
 * first, so that twenty old prices do not make twenty lines.
 */
export function staleWarnings(coefficients: Iterable<Coefficient>, today: string): string[] {
  const stale = [...coefficients].filter((c) => staleness(c, today) !== null)
    .sort((a, b) => (a.asOf < b.asOf ? -1 : a.asOf > b.asOf ? 1 : 0));
  const undated = stale.filter((c) => c.asOf === UNDATED);
  const dated = stale.filter((c) => c.asOf !== UNDATED);
  const without = undated.length < 2 ? undated.map((c) => staleness(c, today)!) : [
    `${undated.map((c) => c.id).join(", ")} have no date (${
      undated[0].source
    }): give asOf with them`,
  ];
  const groups = [dated.filter(isPrice), dated.filter((c) => !isPrice(c))];
  return [
    ...without,
    ...groups.flatMap((group) => {
      if (group.length === 0) return [];
      if (group.length === 1) return [staleness(group[0], today)!];
      const what = isPrice(group[0])
        ? `prices are older than ${PRICE_MONTHS} months and move within months`
        : `factors are older than ${FACTOR_MONTHS / 12} years and move within years`;
      const list = group.map((c) => `${c.id} (${c.asOf})`).join(", ");
      return [`${group.length} ${what}: ${list}; give your own with --factor ID=LOW..HIGH`];
    }),
  ];
}
