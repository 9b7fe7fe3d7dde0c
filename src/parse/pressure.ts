import { counterOf, lineError, numberOf } from "./numbers.ts";

/** Pressure stall information of one resource (Linux `Documentation/accounting/psi.rst`). */
export interface Pressure {
  /** Time in which at least one task waited for the resource. */
  readonly someSeconds: number;
  /** Time in which all tasks waited; null on the CPU line of kernels before 5.13. */
  readonly fullSeconds: number | null;
  readonly someAvg10Ratio: number | null;
  readonly fullAvg10Ratio: number | null;
}

/**
 * `/proc/pressure/{cpu,io,memory}`: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and the same for
 * `full`; total counts microseconds.
 *
 * @throws {SpillwayError} data error when the `some` line or its total is missing.
 */
export function parsePressure(text: string, what = "/proc/pressure"): Pressure {
  const lines = new Map<string, { total: number; avg10: number | null }>();
  let number = 0;
  for (const raw of text.split("\n")) {
    number++;
    if (raw.trim() === "") continue;
    const [kind, ...pairs] = raw.trim().split(/\s+/);
    const value = (key: string) =>
      pairs.find((p) => p.startsWith(`${key}=`))?.slice(key.length + 1);
    const total = counterOf(value("total"));
    if ((kind !== "some" && kind !== "full") || total === null) {
      throw lineError(what, number, `expected "some|full ... total=N", found "${raw.trim()}"`);
    }
    lines.set(kind, { total, avg10: numberOf(value("avg10")) });
  }
  const some = lines.get("some");
  if (some === undefined) throw lineError(what, 1, 'there is no "some" line');
  const full = lines.get("full");
  const ratio = (percent: number | null | undefined) =>
    percent === null || percent === undefined ? null : percent / 100;
  return {
    someSeconds: some.total / 1e6,
    fullSeconds: full === undefined ? null : full.total / 1e6,
    someAvg10Ratio: ratio(some.avg10),
    fullAvg10Ratio: ratio(full?.avg10),
  };
}
