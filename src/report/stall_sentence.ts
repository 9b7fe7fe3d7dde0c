import { STALL_CLASSES, type StallSummary } from "../model/stalls.ts";
import { formatRatio, formatSeconds } from "../model/units.ts";

/** What held a recording up: storage where it did, else what most of the time went to. */
export function stallSentence(stalls: StallSummary): string {
  if (stalls.hasGpu || stalls.storageSeconds > 0) return stalls.sentence;
  const total = Object.values(stalls.seconds).reduce((a, b) => a + b, 0);
  const most = STALL_CLASSES.reduce((a, b) => stalls.seconds[b.id] > stalls.seconds[a.id] ? b : a);
  const share = total === 0 ? 0 : Number((stalls.seconds[most.id] / total).toPrecision(3));
  return `${most.title} for ${formatSeconds(stalls.seconds[most.id])} (${formatRatio(share)}); ` +
    "storage was never the limit";
}
