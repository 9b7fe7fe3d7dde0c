import type { Figure } from "../../model/figure.ts";
import type { SegmentView } from "./segment_view.ts";

/** Segments that a map shows, and cells a segment is drawn with. */
const MOST_SEGMENTS = 60;
const MOST_BLOCKS = 2000;

const KINDS = {
  active_allocated: "live",
  active_pending_free: "waiting for a stream",
  inactive: "free",
} as const;

/**
 * The segment map of one moment: every segment a bar, its blocks along it. The segments with the most free
 * bytes come first; how many are left out stands in the title.
 */
export function segmentMap(segments: readonly SegmentView[], when: string): Figure {
  const free = (s: SegmentView) =>
    s.blocks.reduce((n, b) => n + (b.state === "inactive" ? b.size : 0), 0);
  const order = [...segments].sort((a, b) =>
    free(b) - free(a) || b.totalSize - a.totalSize || a.address - b.address
  );
  const rows: Record<string, number | string | null>[] = [];
  let shown = 0;
  for (const segment of order.slice(0, MOST_SEGMENTS)) {
    const blocks = mergeAlike(segment);
    if (rows.length + blocks.length > MOST_BLOCKS) break;
    shown++;
    for (const block of blocks) {
      rows.push({
        segment: `0x${segment.address.toString(16)}`,
        kind: KINDS[block.state],
        start: block.start,
        end: block.end,
      });
    }
  }
  const left = segments.length - shown;
  return {
    chart: "segment_map",
    title: `Segments ${when}` + (left > 0 ? ` (${shown} of ${segments.length})` : ""),
    rows,
    options: { segments: segments.length, shown },
  };
}

/** Neighbouring blocks in the same state as one: the map shows runs, not every block. */
function mergeAlike(segment: SegmentView) {
  const runs: { state: SegmentView["blocks"][number]["state"]; start: number; end: number }[] = [];
  for (const block of segment.blocks) {
    const start = block.address - segment.address;
    const last = runs.at(-1);
    if (last !== undefined && last.state === block.state) last.end = start + block.size;
    else runs.push({ state: block.state, start, end: start + block.size });
  }
  return runs;
}
