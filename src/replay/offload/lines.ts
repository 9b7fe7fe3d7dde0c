/** A straight line `at + slope*x`. */
export interface Line {
  readonly at: number;
  readonly slope: number;
}

/** The highest of the lines at x. */
export function highest(lines: readonly Line[], x: number): number {
  let most = -Infinity;
  for (const { at, slope } of lines) most = Math.max(most, at + slope * x);
  return most;
}

/**
 * Sum of the highest line over x = start, start+step, ... (`count` terms, step >= 0) in closed form: the
 * upper envelope of lines is convex, so each line rules one run of terms.
 */
export function sumHighest(
  lines: readonly Line[],
  start: number,
  step: number,
  count: number,
): number {
  let sum = 0;
  let done = 0;
  while (done < count) {
    const x = start + done * step;
    let ruling = lines[0];
    let most = ruling.at + ruling.slope * x;
    for (let i = 1; i < lines.length; i++) {
      const value = lines[i].at + lines[i].slope * x;
      if (value > most || (value === most && lines[i].slope > ruling.slope)) {
        ruling = lines[i];
        most = value;
      }
    }
    // How many terms until a steeper line overtakes it.
    let run = count - done;
    for (const line of lines) {
      if (line.slope <= ruling.slope || step === 0) continue;
      const crossing = (most - line.at - line.slope * x) / ((line.slope - ruling.slope) * step);
      run = Math.min(run, Math.max(1, Math.ceil(crossing)));
    }
    sum += run * most + ruling.slope * step * run * (run - 1) / 2;
    done += run;
  }
  return sum;
}
