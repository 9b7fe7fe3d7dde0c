import type { Side } from "../../gate/observations.ts";
import { SpillwayError } from "../../model/errors.ts";
import type { Store } from "../../store/store.ts";
import { baselineSide, parseBaseline, readBaselineFile } from "./baseline_document.ts";
import { loadSide } from "./load_side.ts";

/** The reference side that `--baseline` names: a file, a saved baseline, or any entry of the store. */
export async function loadBaseline(store: Store, given: string): Promise<Side> {
  if (given.endsWith(".json") || given.includes("/")) return baselineSide(readBaselineFile(given));
  try {
    const { document, id } = await store.document("baseline", given);
    return baselineSide(parseBaseline(document, id));
  } catch (error) {
    if (!(error instanceof SpillwayError) || error.kind !== "data") throw error;
    // Not a saved baseline: perhaps a run, a replay or an estimate.
    return await loadSide(store, [given]);
  }
}
