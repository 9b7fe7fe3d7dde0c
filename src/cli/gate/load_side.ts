import { type Observations, observe, type Side } from "../../gate/observations.ts";
import { dataError } from "../../model/errors.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { ReplayDocument } from "../../model/results.ts";
import type { Store } from "../../store/store.ts";
import { resultLabels } from "../../model/result_labels.ts";

/** Observations of a replay: `policy/metric`, or the bare metric when there is one result. */
function ofReplay(document: ReplayDocument): Observations {
  const labels = resultLabels(document.results);
  const single = document.results.length === 1;
  return Object.assign(
    {},
    ...document.results.map((r, i) =>
      observe([r.metrics], metricDefinition, single ? "" : `${labels[i]}/`)
    ),
  );
}

/**
 * One side of a gate from entries of the store: several runs of one workload, or one replay or estimate.
 *
 * @throws data error when the entries are of different kinds, or there is more than one that is no run.
 */
export async function loadSide(store: Store, ids: readonly string[]): Promise<Side> {
  const entries = await Promise.all(ids.map((id) => store.find(id)));
  const name = entries.map((e) => e.id).join(", ");
  const kinds = new Set(entries.map((e) => e.kind));
  if (kinds.size > 1 || (entries.length > 1 && !kinds.has("run"))) {
    throw dataError(
      `${name} cannot be judged together: only several runs of one workload can`,
      "name runs, or one replay, or one estimate",
    );
  }
  const [entry] = entries;
  if (entry.kind === "run") {
    const records = await Promise.all(ids.map(async (id) => (await store.run(id)).record));
    const partial = records.find((r) => r.status === "partial");
    return {
      name,
      fingerprint: records[0].fingerprint,
      incomplete: partial === undefined ? null : partial.statusReason ?? "the recording is partial",
      observations: observe(records.map((r) => r.metrics), metricDefinition),
    };
  }
  if (entry.kind === "replay") {
    const { document } = await store.document("replay", entry.id);
    return { name, fingerprint: {}, incomplete: null, observations: ofReplay(document) };
  }
  if (entry.kind === "estimate") {
    const { document } = await store.document("estimate", entry.id);
    const single = document.results.length === 1;
    const parts = document.results.map((r) =>
      observe([r.metrics], metricDefinition, single ? "" : `${r.name}/`)
    );
    return { name, fingerprint: {}, incomplete: null, observations: Object.assign({}, ...parts) };
  }
  throw dataError(
    `${entry.id} is a ${entry.kind}: it has no metrics to judge`,
    'name a run, a replay or an estimate; "spillway ls" lists them',
  );
}
