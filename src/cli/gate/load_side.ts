import {
  differingFingerprint,
  type Observations,
  observe,
  type Side,
} from "../../gate/observations.ts";
import { doubtAmong } from "../../model/doubt.ts";
import { dataError } from "../../model/errors.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { EstimateDocument, ReplayDocument, RunRecord } from "../../model/results.ts";
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

/** Name of the workload of a run: that of the run without the number which makes names unique. */
export function workloadOf(record: RunRecord): string {
  return record.name.replace(/~\d+$/, "");
}

/** Whether two recordings are of one workload: by the name they were given, or by what they ran. */
export function sameWorkload(a: RunRecord, b: RunRecord): boolean {
  const command = (r: RunRecord) => JSON.stringify(r.command);
  return workloadOf(a) === workloadOf(b) || (a.command.length > 0 && command(a) === command(b));
}

/** Why a recording must not be judged, or null. */
export function whyUnfit(record: RunRecord): string | null {
  if (record.status === "partial") return record.statusReason ?? "the recording is partial";
  const { code, signal } = record.exit;
  if (signal !== null) return `its command was ended by ${signal}`;
  return code === null || code === 0 ? null : `its command ended with ${code}`;
}

function runSide(
  name: string,
  runs: readonly { readonly id: string; readonly record: RunRecord }[],
): Side {
  const [first] = runs;
  const stranger = runs.find((r) => !sameWorkload(first.record, r.record));
  if (stranger !== undefined) {
    throw dataError(
      `${first.id} and ${stranger.id} cannot be judged together: they are runs of ` +
        `"${workloadOf(first.record)}" and "${workloadOf(stranger.record)}"`,
      "name runs of one workload; record --name says which that is",
    );
  }
  const bare = (record: RunRecord): Side => ({
    name,
    fingerprint: record.fingerprint,
    incomplete: null,
    observations: {},
  });
  const unfit = runs.map(({ id, record }) => {
    const why = whyUnfit(record);
    if (why !== null) return `${id}: ${why}`;
    const key = differingFingerprint(bare(first.record), bare(record));
    return key === null ? null : `${id} ran on another machine than ${first.id}: ${key} differs`;
  });
  return {
    name,
    fingerprint: first.record.fingerprint,
    incomplete: unfit.find((why) => why !== null) ?? null,
    observations: observe(runs.map((r) => r.record.metrics), metricDefinition),
  };
}

/** The recording that was estimated; null for another subject, or when the store no longer holds it. */
async function recordingOf(
  store: Store,
  { kind, id }: EstimateDocument["subject"],
): Promise<RunRecord | null> {
  if (kind !== "run" || id === null) return null;
  const known = (await store.list("run")).some((entry) => entry.id === id);
  return known ? (await store.run(id)).record : null;
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
    const runs = await Promise.all(ids.map((id) => store.run(id)));
    return runSide(name, runs);
  }
  if (entry.kind === "replay") {
    const { document } = await store.document("replay", entry.id);
    const incomplete = document.doubt ?? null;
    return { name, fingerprint: {}, incomplete, observations: ofReplay(document) };
  }
  if (entry.kind === "estimate") {
    const { document } = await store.document("estimate", entry.id);
    const single = document.results.length === 1;
    const parts = document.results.map((r) =>
      observe([r.metrics], metricDefinition, single ? "" : `${r.name}/`)
    );
    const of = await recordingOf(store, document.subject);
    return {
      name,
      fingerprint: of?.fingerprint ?? {},
      incomplete: doubtAmong(document.warnings) ?? (of === null ? null : whyUnfit(of)),
      observations: Object.assign({}, ...parts),
    };
  }
  throw dataError(
    `${entry.id} is a ${entry.kind}: it has no metrics to judge`,
    'name a run, a replay or an estimate; "spillway ls" lists them',
  );
}
