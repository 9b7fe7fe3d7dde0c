/** What some reads ask for, and how long they took. */
export interface ReadCost {
  readonly opens: number;
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Seconds of an open, of a request and of a byte, for one thread that does one thing after the other. */
export interface ReadModel {
  readonly openSeconds: number;
  readonly requestSeconds: number;
  readonly byteSeconds: number;
}

function determinant(m: readonly (readonly number[])[]): number {
  const [[a, b, c], [d, e, f], [g, h, i]] = m;
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

/**
 * The model that explains three measurements exactly (Cramer's rule); parts that come out below zero, which noise
 * can do to small ones, count as zero.
 *
 * @throws {RangeError} when the measurements do not differ in what they ask for.
 */
export function fitReads(costs: readonly [ReadCost, ReadCost, ReadCost]): ReadModel {
  const rows = costs.map((c) => [c.opens, c.requests, c.bytes / 1e6]);
  const whole = determinant(rows);
  if (Math.abs(whole) < 1e-9) throw new RangeError("the calibration's reads are all alike");
  const part = (column: number) =>
    Math.max(
      0,
      determinant(rows.map((row, i) => row.map((x, k) => k === column ? costs[i].seconds : x))) /
        whole,
    );
  return { openSeconds: part(0), requestSeconds: part(1), byteSeconds: part(2) / 1e6 };
}

/** Seconds the model gives some reads. */
export function modelledSeconds(model: ReadModel, work: Omit<ReadCost, "seconds">): number {
  return work.opens * model.openSeconds + work.requests * model.requestSeconds +
    work.bytes * model.byteSeconds;
}
