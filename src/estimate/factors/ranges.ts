import type { Coefficient } from "./coefficient.ts";

interface Range {
  readonly matches: (id: string, unit: string) => boolean;
  readonly low: number;
  readonly high: number;
  readonly words: string;
  /** Nothing is a value too, below `low`. */
  readonly orZero?: true;
}

/** First match decides. The bounds catch swapped units (t for g, Wh for kWh), not bad taste. */
const RANGES: readonly Range[] = [
  {
    matches: (_id, unit) => unit === "gCO2e/kWh",
    low: 1,
    high: 1500,
    words: "grid intensity of 1 to 1500 gCO2e/kWh, or 0",
    orZero: true,
  },
  { matches: (id) => /(^|\.)pue$/.test(id), low: 1, high: 3, words: "PUE of 1 to 3" },
  {
    matches: (id, unit) => id.includes("ssd") && unit === "gCO2e/GB",
    low: 1,
    high: 400,
    words: "SSD of 1 to 400 gCO2e/GB",
  },
  {
    matches: (id, unit) => id.includes("dram") && unit === "gCO2e/GB",
    low: 5,
    high: 4000,
    words: "DRAM of 5 to 4000 gCO2e/GB",
  },
  {
    matches: (_id, unit) => unit === "gCO2e/GB",
    low: 0.5,
    high: 4000,
    words: "0.5 to 4000 gCO2e/GB",
  },
  {
    matches: (id) => /^gpu\..+\.embodied$/.test(id),
    low: 5,
    high: 5000,
    words: "a card of 5 to 5000 kgCO2e",
  },
  {
    matches: (id) => /^(host8|server)\b.*\.embodied/.test(id),
    low: 50,
    high: 50_000,
    words: "a server of 50 to 50 000 kgCO2e",
  },
  {
    matches: (_id, unit) => unit === "kgCO2e/drive",
    low: 1,
    high: 1000,
    words: "a drive of 1 to 1000 kgCO2e",
  },
  {
    matches: (_id, unit) => unit.startsWith("kgCO2e"),
    low: 0,
    high: 50_000,
    words: "0 to 50 000 kgCO2e",
  },
  { matches: (_id, unit) => unit === "W/GB", low: 0, high: 5, words: "0 to 5 W/GB" },
  {
    matches: (id) => /^gpu\..+\.watts$/.test(id),
    low: 5,
    high: 5000,
    words: "a GPU of 5 to 5000 W",
  },
  {
    matches: (id) => /^(host8|node)\b.*\.watts/.test(id),
    low: 1,
    high: 50_000,
    words: "a server of 1 to 50 000 W",
  },
  { matches: (_id, unit) => unit === "W", low: 0, high: 100_000, words: "0 to 100 000 W" },
  { matches: (_id, unit) => unit === "years", low: 0.1, high: 50, words: "0.1 to 50 years" },
  {
    matches: (id) => /utilisation$/.test(id),
    low: 1e-3,
    high: 1,
    words: "a share above 0 and up to 1",
  },
  { matches: (_id, unit) => unit === "share", low: 0, high: 2, words: "a share of 0 to 2" },
  { matches: (_id, unit) => unit === "copies", low: 1, high: 100, words: "1 to 100 copies" },
  { matches: (_id, unit) => unit === "USD/kWh", low: 0, high: 5, words: "0 to 5 USD/kWh" },
  { matches: (_id, unit) => unit === "USD/GPU-h", low: 0, high: 500, words: "0 to 500 USD/GPU-h" },
  { matches: (_id, unit) => unit === "USD/GB", low: 0, high: 500, words: "0 to 500 USD/GB" },
  {
    matches: (_id, unit) => /^USD\/Gi?B-month$/.test(unit),
    low: 0,
    high: 50,
    words: "0 to 50 USD a GB-month",
  },
  {
    matches: (_id, unit) => unit === "USD/1k requests",
    low: 0,
    high: 10,
    words: "0 to 10 USD a thousand requests",
  },
  {
    matches: (_id, unit) => unit.startsWith("USD"),
    low: 0,
    high: 1e7,
    words: "0 to 10 000 000 USD",
  },
  { matches: (_id, unit) => unit === "L/kWh", low: 0, high: 50, words: "0 to 50 L/kWh" },
  { matches: (_id, unit) => unit === "kWh/GB", low: 0, high: 10, words: "0 to 10 kWh/GB" },
  { matches: (_id, unit) => unit === "J/GB", low: 0, high: 100_000, words: "0 to 100 000 J/GB" },
  { matches: (_id, unit) => unit === "1/day", low: 0.001, high: 100, words: "0.001 to 100 a day" },
  {
    matches: (_id, unit) => unit === "factor",
    low: 0.1,
    high: 100,
    words: "a factor of 0.1 to 100",
  },
  {
    matches: (_id, unit) => unit === "factor/year",
    low: 0.1,
    high: 100,
    words: "a factor of 0.1 to 100 a year",
  },
  { matches: (_id, unit) => unit === "cycles", low: 1, high: 1e6, words: "1 to 1 000 000 cycles" },
  { matches: (_id, unit) => unit === "GB/drive", low: 1, high: 1e6, words: "1 to 1 000 000 GB" },
  { matches: (_id, unit) => unit === "drives", low: 1, high: 10_000, words: "1 to 10 000 drives" },
  { matches: (_id, unit) => unit === "B", low: 1, high: 1e21, words: "at least 1 byte" },
];

/** What is wrong with a coefficient, in words; null when nothing is. */
export function rangeProblem(
  c: Pick<Coefficient, "id" | "value" | "low" | "high" | "unit">,
): string | null {
  for (const x of [c.low, c.value, c.high]) {
    if (!Number.isFinite(x)) return `${c.id} is ${x}, expected a number`;
    if (x < 0) return `${c.id} is ${x}, expected at least 0`;
  }
  const between = Math.min(c.low, c.high) <= c.value && c.value <= Math.max(c.low, c.high);
  if (!between) {
    return `${c.id}: its value ${c.value} lies outside its own interval ${c.low}..${c.high}`;
  }
  const range = RANGES.find((r) => r.matches(c.id, c.unit));
  if (range === undefined) return null;
  for (const x of [c.low, c.value, c.high]) {
    if ((x < range.low && !(x === 0 && range.orZero)) || x > range.high) {
      return `${c.id} is ${x} ${c.unit}, expected ${range.words}; check the unit`;
    }
  }
  return null;
}
