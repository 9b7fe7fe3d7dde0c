/**
 * Least squares of y on features without negative coefficients, each point weighted by 1/y^2: relative
 * errors count alike. A feature whose coefficient would be negative is left out and the rest fitted again.
 *
 * @param features One row a point, one column a feature; scaled inside, so magnitudes may differ.
 * @returns One coefficient a feature, 0 for those left out.
 */
export function fitNonNegative(
  features: readonly (readonly number[])[],
  y: readonly number[],
): number[] {
  const width = features[0]?.length ?? 0;
  let active = Array.from({ length: width }, (_, i) => i);
  while (active.length > 0) {
    const part = features.map((row) => active.map((i) => row[i]));
    const coefficients = fitAll(part, y);
    const worst = coefficients.reduce((w, c, i) => c < coefficients[w] ? i : w, 0);
    if (coefficients[worst] >= 0 || active.length === 1) {
      const result = new Array<number>(width).fill(0);
      active.forEach((feature, i) => result[feature] = Math.max(0, coefficients[i]));
      return result;
    }
    active = active.filter((_, i) => i !== worst);
  }
  return [];
}

function fitAll(features: readonly (readonly number[])[], y: readonly number[]): number[] {
  const width = features[0].length;
  const scales = Array.from(
    { length: width },
    (_, c) => Math.max(...features.map((row) => Math.abs(row[c]))) || 1,
  );
  const matrix = Array.from({ length: width }, () => new Array<number>(width + 1).fill(0));
  features.forEach((row, i) => {
    const x = row.map((value, c) => value / scales[c]);
    const weight = 1 / (y[i] * y[i]);
    for (let r = 0; r < width; r++) {
      for (let c = 0; c < width; c++) matrix[r][c] += weight * x[r] * x[c];
      matrix[r][width] += weight * x[r] * y[i];
    }
  });
  return solve(matrix).map((value, c) => value / scales[c]);
}

/** Gaussian elimination with partial pivoting of an augmented matrix. */
function solve(matrix: number[][]): number[] {
  const n = matrix.length;
  for (let pivot = 0; pivot < n; pivot++) {
    let best = pivot;
    for (let r = pivot + 1; r < n; r++) {
      if (Math.abs(matrix[r][pivot]) > Math.abs(matrix[best][pivot])) best = r;
    }
    [matrix[pivot], matrix[best]] = [matrix[best], matrix[pivot]];
    // Features that say the same give no pivot; a tiny ridge keeps the solution finite.
    if (Math.abs(matrix[pivot][pivot]) < 1e-12) matrix[pivot][pivot] = 1e-12;
    for (let r = 0; r < n; r++) {
      if (r === pivot) continue;
      const factor = matrix[r][pivot] / matrix[pivot][pivot];
      for (let c = pivot; c <= n; c++) matrix[r][c] -= factor * matrix[pivot][c];
    }
  }
  return matrix.map((row, i) => row[n] / row[i]);
}

/** The median; the mean of the two middle values of an even number. @throws {RangeError} without values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
