/**
 * Independent and slow transcriptions of the papers' pseudo-code over plain arrays, as oracles. Index 0 is
 * the most recent (or newest) end of every list. Each returns the hits of a stream of blocks.
 */

/** ARC (FAST 2003), figure 4, cases I to IV word by word. */
export function arcHits(stream: readonly number[], c: number): number {
  let [t1, t2, b1, b2]: number[][] = [[], [], [], []];
  let p = 0;
  let hits = 0;
  const without = (list: number[], x: number) => list.filter((y) => y !== x);
  const replace = (x: number): void => {
    if (t1.length >= 1 && ((b2.includes(x) && t1.length === p) || t1.length > p)) {
      const lru = t1.pop()!;
      b1 = [lru, ...b1];
    } else {
      const lru = t2.pop()!;
      b2 = [lru, ...b2];
    }
  };
  for (const x of stream) {
    if (t1.includes(x) || t2.includes(x)) {
      hits++;
      t1 = without(t1, x);
      t2 = [x, ...without(t2, x)];
    } else if (b1.includes(x)) {
      p = Math.min(c, p + Math.max(b2.length / b1.length, 1));
      replace(x);
      b1 = without(b1, x);
      t2 = [x, ...t2];
    } else if (b2.includes(x)) {
      p = Math.max(0, p - Math.max(b1.length / b2.length, 1));
      replace(x);
      b2 = without(b2, x);
      t2 = [x, ...t2];
    } else {
      const l1 = t1.length + b1.length;
      const all = l1 + t2.length + b2.length;
      if (l1 === c) {
        if (t1.length < c) {
          b1.pop();
          replace(x);
        } else t1.pop();
      } else if (l1 < c && all >= c) {
        if (all === 2 * c) b2.pop();
        replace(x);
      }
      t1 = [x, ...t1];
    }
  }
  return hits;
}

/** S3-FIFO (SOSP 2023), algorithm 1, with the sizes and the single eviction of libCacheSim's S3FIFOv0. */
export function s3fifoHits(stream: readonly number[], c: number): number {
  const [s, m]: { id: number; freq: number }[][] = [[], []];
  const ghost: number[] = [];
  const smallSize = Math.max(1, Math.trunc(c * 0.1));
  const ghostSize = Math.trunc(c * 0.9);
  let hits = 0;
  const evictMain = (): void => {
    for (;;) {
      const tail = m.pop();
      if (tail === undefined) return;
      if (tail.freq < 1) return;
      m.unshift({ id: tail.id, freq: Math.min(tail.freq, 3) - 1 });
    }
  };
  const evictSmall = (): void => {
    for (;;) {
      const tail = s.pop();
      if (tail === undefined) return;
      if (tail.freq > 1) m.unshift({ id: tail.id, freq: 0 });
      else {
        if (ghostSize > 0) {
          if (ghost.length === ghostSize) ghost.pop();
          ghost.unshift(tail.id);
        }
        return;
      }
    }
  };
  for (const x of stream) {
    const entry = s.find((e) => e.id === x) ?? m.find((e) => e.id === x);
    if (entry !== undefined) {
      hits++;
      entry.freq++;
      continue;
    }
    const at = ghost.indexOf(x);
    if (at >= 0) ghost.splice(at, 1);
    while (s.length + m.length >= c) {
      if (m.length > c - smallSize || s.length === 0) evictMain();
      else evictSmall();
    }
    (at >= 0 ? m : s).unshift({ id: x, freq: 0 });
  }
  return hits;
}

/** LeCaR (HotStorage 2018), algorithms 1 and 2, after the authors' published code; `draw` gives 0..1. */
export function lecarHits(stream: readonly number[], n: number, draw: () => number): number {
  interface Entry {
    id: number;
    freq: number;
    touched: number;
    evicted: number;
  }
  let cache: Entry[] = [];
  let histories: [Entry[], Entry[]] = [[], []];
  const historySize = Math.floor(n / 2);
  const discount = 0.005 ** (1 / n);
  let w = [0.5, 0.5];
  let hits = 0;
  stream.forEach((x, i) => {
    const time = i + 1;
    const found = cache.find((e) => e.id === x);
    if (found !== undefined) {
      hits++;
      found.freq++;
      found.touched = time;
      return;
    }
    let freq = 1;
    histories.forEach((history, expert) => {
      const entry = history.find((e) => e.id === x);
      if (entry === undefined) return;
      freq = entry.freq + 1;
      w[expert] *= Math.exp(-0.45 * discount ** (time - entry.evicted));
      const sum = w[0] + w[1];
      w = w.map((v) => Math.min(0.99, Math.max(0.01, v / sum)));
      histories = histories.map((h) => h.filter((e) => e.id !== x)) as [Entry[], Entry[]];
    });
    if (cache.length === n) {
      const lru = cache.reduce((a, b) => b.touched < a.touched ? b : a);
      const lfu = cache.reduce((a, b) =>
        b.freq < a.freq || (b.freq === a.freq && b.touched < a.touched) ? b : a
      );
      const expert = draw() < w[0] ? 0 : 1;
      const victim = expert === 0 ? lru : lfu;
      cache = cache.filter((e) => e !== victim);
      victim.evicted = time;
      if (lru !== lfu && historySize > 0) {
        if (histories[expert].length === historySize) histories[expert].shift();
        histories[expert].push(victim);
      }
    }
    cache.push({ id: x, freq, touched: time, evicted: 0 });
  });
  return hits;
}

/** LFU as the golden counts define it: after each touch the least frequent goes, the newcomer included. */
export function lfuHits(stream: readonly number[], c: number): number {
  const freq = new Map<number, number>();
  const touched = new Map<number, number>();
  let hits = 0;
  stream.forEach((x, i) => {
    if (freq.has(x)) hits++;
    freq.set(x, (freq.get(x) ?? 0) + 1);
    touched.set(x, i);
    while (freq.size > c) {
      const victim = [...freq.keys()].reduce((a, b) =>
        freq.get(b)! < freq.get(a)! ||
          (freq.get(b) === freq.get(a) && touched.get(b)! < touched.get(a)!)
          ? b
          : a
      );
      freq.delete(victim);
    }
  });
  return hits;
}

/** Belady's optimum with bypass, by looking ahead at every step. */
export function beladyHits(stream: readonly number[], c: number): number {
  const resident = new Set<number>();
  let hits = 0;
  stream.forEach((x, i) => {
    if (resident.has(x)) hits++;
    resident.add(x);
    if (resident.size <= c) return;
    let victim = -1;
    let farthest = -1;
    for (const block of resident) {
      const next = stream.indexOf(block, i + 1);
      const at = next < 0 ? Infinity : next;
      if (at > farthest) [victim, farthest] = [block, at];
    }
    resident.delete(victim);
  });
  return hits;
}
