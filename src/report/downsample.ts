/**
 * Thins a line to at most about `points` points: the smallest and the largest value of each bucket of equal
 * width in x stay, so that spikes survive. Gaps (null) stay gaps.
 */
export function downsampleMinMax(
  x: ArrayLike<number>,
  y: ArrayLike<number | null>,
  points: number,
): { x: number[]; y: (number | null)[] } {
  const count = x.length;
  if (count <= points) return { x: Array.from(x), y: Array.from(y) };
  const buckets = Math.max(1, Math.floor(points / 2));
  const [first, last] = [x[0], x[count - 1]];
  const width = (last - first) / buckets || 1;
  const outX: number[] = [];
  const outY: (number | null)[] = [];
  const keep = (i: number) => {
    outX.push(x[i]);
    outY.push(y[i]);
  };
  for (let from = 0; from < count;) {
    const bucket = Math.min(buckets - 1, Math.floor((x[from] - first) / width));
    let to = from;
    let low = -1;
    let high = -1;
    while (to < count && Math.min(buckets - 1, Math.floor((x[to] - first) / width)) === bucket) {
      const value = y[to];
      if (value !== null && !Number.isNaN(value)) {
        if (low < 0 || value < y[low]!) low = to;
        if (high < 0 || value > y[high]!) high = to;
      }
      to++;
    }
    if (low < 0) {
      outX.push(x[from]);
      outY.push(null);
    } else if (low === high) {
      keep(low);
    } else {
      keep(Math.min(low, high));
      keep(Math.max(low, high));
    }
    from = to;
  }
  return { x: outX, y: outY };
}

/**
 * Rates of a counter: (difference / time) at each later sample; a reset or a wrap gives a gap. The last
 * reading of a recording comes soon after a tick; over so short a time, a single step would stand out as a
 * peak, so it is taken together with the interval before.
 */
export function ratesOf(
  timeNs: ArrayLike<number>,
  value: ArrayLike<number>,
): { seconds: number[]; rate: (number | null)[] } {
  const seconds: number[] = [];
  const rate: (number | null)[] = [];
  const end = timeNs.length - 1;
  const shortEnd = end >= 2 &&
    timeNs[end] - timeNs[end - 1] < (timeNs[end - 1] - timeNs[end - 2]) / 2;
  for (let i = 1, before = 0; i <= end; i++) {
    if (shortEnd && i === end - 1) continue;
    const dt = (timeNs[i] - timeNs[before]) / 1e9;
    const dv = value[i] - value[before];
    seconds.push(timeNs[i] / 1e9);
    const fell = value[i] < value[i - 1] || value[i - 1] < value[before];
    rate.push(dt > 0 && dv >= 0 && !fell ? dv / dt : null);
    before = i;
  }
  return { seconds, rate };
}
