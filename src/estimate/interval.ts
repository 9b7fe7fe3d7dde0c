/** A number with its interval. */
export interface Interval {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

/** A quantity that varies within its interval; one id is one variable, however often it is used. */
export interface Variable {
  readonly id: string;
  readonly low: number;
  readonly value: number;
  readonly high: number;
}

/** Reads a variable's value by id. */
export type Reader = (id: string) => number;

/** A formula over variables; null when it has no value there. */
export type Formula = (get: Reader) => number;

function readerOf(ids: ReadonlyMap<string, number>, values: Float64Array): Reader {
  return (id) => {
    const index = ids.get(id);
    if (index === undefined) throw new Error(`formula reads "${id}", which is no variable of it`);
    return values[index];
  };
}

/** Above this many variables the corners are searched instead of enumerated. */
const ENUMERATE_UP_TO = 12;

function climb(
  at: (values: Float64Array) => number,
  variables: readonly Variable[],
  sign: 1 | -1,
): number {
  let best = -Infinity;
  // Two starts; each pass moves every variable to its better end until nothing improves.
  for (const start of ["low", "high"] as const) {
    const values = Float64Array.from(variables, (v) => v[start]);
    let current = sign * at(values);
    for (let pass = 0; pass < 8; pass++) {
      let moved = false;
      for (let i = 0; i < variables.length; i++) {
        const before = values[i];
        values[i] = before === variables[i].low ? variables[i].high : variables[i].low;
        const tried = sign * at(values);
        if (tried > current) {
          current = tried;
          moved = true;
        } else values[i] = before;
      }
      if (!moved) break;
    }
    best = Math.max(best, current);
  }
  return sign * best;
}

/**
 * Interval of a formula that is monotone in each variable: its extremes lie at corners of the box. Up to
 * 12 variables all corners are looked at; above that a climb along the edges, which is exact where the
 * direction of a variable does not depend on the others (sums and products of positive terms).
 */
export function cornerInterval(formula: Formula, variables: readonly Variable[]): Interval {
  const moving = variables.filter((v) => v.low !== v.high);
  const ids = new Map(variables.map((v, i) => [v.id, i]));
  const all = Float64Array.from(variables, (v) => v.value);
  const get = readerOf(ids, all);
  const mid = formula(get);
  if (moving.length === 0) return { low: mid, mid, high: mid };
  const positions = moving.map((v) => ids.get(v.id)!);
  const at = (values: ArrayLike<number>): number => {
    for (let i = 0; i < positions.length; i++) all[positions[i]] = values[i];
    return formula(get);
  };
  let low = mid;
  let high = mid;
  if (moving.length <= ENUMERATE_UP_TO) {
    const values = new Float64Array(moving.length);
    for (let mask = 0; mask < 1 << moving.length; mask++) {
      for (let i = 0; i < moving.length; i++) {
        values[i] = mask >> i & 1 ? moving[i].high : moving[i].low;
      }
      const result = at(values);
      if (result < low) low = result;
      if (result > high) high = result;
    }
  } else {
    low = Math.min(low, climb(at, moving, -1));
    high = Math.max(high, climb(at, moving, 1));
  }
  return { low, mid, high };
}
