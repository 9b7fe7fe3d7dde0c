import { differingFingerprint, type History, type Side } from "../../gate/observations.ts";
import type { RunRecord } from "../../model/results.ts";
import type { Store } from "../../store/store.ts";
import { sameWorkload, whyUnfit, workloadOf } from "./load_side.ts";

/** Most runs of a history: change points of months ago advise nobody. */
const MOST_RUNS = 500;

function sideOf(record: RunRecord): Side {
  return { name: record.name, fingerprint: record.fingerprint, incomplete: null, observations: {} };
}

function startOf(record: RunRecord): number {
  return Number(BigInt(record.startedUnixNs) / 1_000_000n);
}

/**
 * The stored runs of the workload that the ids are of, up to the latest of them, in the order of time. Failed,
 * partial and foreign ones are left out, and counted. Null when the ids are no recordings.
 */
export async function loadHistory(store: Store, ids: readonly string[]): Promise<History | null> {
  const entries = await Promise.all(ids.map((id) => store.find(id)));
  if (entries.some((e) => e.kind !== "run")) return null;
  const judged = await Promise.all(entries.map(async (e) => (await store.run(e.id)).record));
  const reference = judged.reduce((a, b) => startOf(b) > startOf(a) ? b : a);
  const all = [];
  for (const entry of (await store.list("run")).slice(-MOST_RUNS)) {
    const { id, record } = await store.run(entry.id);
    if (sameWorkload(record, reference) && startOf(record) <= startOf(reference)) {
      all.push({ id, record });
    }
  }
  const foreign = (r: RunRecord) => differingFingerprint(sideOf(r), sideOf(reference)) !== null;
  const unfit = all.filter(({ record }) => whyUnfit(record) !== null);
  const others = all.filter(({ record }) => whyUnfit(record) === null && foreign(record));
  const fit = all.filter((run) => !unfit.includes(run) && !others.includes(run));
  return {
    name: workloadOf(reference),
    points: fit.sort((a, b) => startOf(a.record) - startOf(b.record)).map(({ id, record }) => ({
      id,
      at: new Date(startOf(record)).toISOString(),
      values: Object.fromEntries(
        Object.entries(record.metrics).map(([metric, m]) => [
          metric,
          m.value === null ? null : Number(m.value),
        ]),
      ),
    })),
    leftOut: [
      ...(unfit.length === 0 ? [] : [`${unfit.length} partial or failed`]),
      ...(others.length === 0 ? [] : [`${others.length} on another machine`]),
    ],
  };
}
