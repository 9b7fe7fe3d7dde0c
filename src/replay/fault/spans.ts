import type { Phases } from "./phases.ts";

/** A stretch of wall time that a job spent in one phase. */
export interface Span {
  readonly phase: keyof Phases;
  readonly start: number;
  readonly end: number;
}

/** Spans of a replay as it goes. */
export interface SpanLog {
  add(phase: keyof Phases, start: number, end: number): void;
  lost(start: number, end: number): void;
  /** All spans with the training that counts, its saves set apart as their share of each stretch. */
  all(
    stretches: readonly { start: number; end: number; usefulShare: number }[],
  ): readonly Span[];
}

export function createSpanLog(): SpanLog {
  const spans: Span[] = [];
  const add = (phase: keyof Phases, start: number, end: number): void => {
    if (end > start) spans.push({ phase, start, end });
  };
  return {
    add,
    lost: (start, end) => add("lost", start, end),
    all(stretches) {
      // A stretch holds thousands of saves: they are spread over it, so that any window of it has its share.
      for (const { start, end, usefulShare } of stretches) {
        const pieces = Math.max(1, Math.min(64, Math.ceil((end - start) / 3600)));
        const length = (end - start) / pieces;
        for (let i = 0; i < pieces; i++) {
          const from = start + i * length;
          const middle = from + length * usefulShare;
          add("useful", from, middle);
          add("checkpoint", middle, from + length);
        }
      }
      return spans;
    },
  };
}

/** Seconds of each phase in equal windows of the wall time: `[window][phase]`. */
export function phaseWindows(
  spans: readonly Span[],
  wallSeconds: number,
  windows: number,
): Partial<Record<keyof Phases, number>>[] {
  const bins: Partial<Record<keyof Phases, number>>[] = Array.from({ length: windows }, () => ({}));
  const width = wallSeconds / windows;
  if (!(width > 0)) return bins;
  for (const { phase, start, end } of spans) {
    const first = Math.max(0, Math.floor(start / width));
    for (let i = first; i < windows && i * width < end; i++) {
      const part = Math.min(end, (i + 1) * width) - Math.max(start, i * width);
      if (part > 0) bins[i][phase] = (bins[i][phase] ?? 0) + part;
    }
  }
  return bins;
}
