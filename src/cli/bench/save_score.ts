import type { Json } from "../../model/json.ts";
import type { ScoreDocument } from "../../model/prediction.ts";
import type { Output } from "../output.ts";
import type { Sealed } from "./seal.ts";

type Stored = { readonly schema: string; readonly [key: string]: Json };

/** Stores one sealed prediction. */
export async function savePrediction(name: string, sealed: Sealed, out: Output): Promise<void> {
  const { openStore } = await import("../../store/open.ts");
  const path = out.setting("store").value!;
  const store = await openStore(path, { mode: "create" });
  try {
    const id = await store.saveDocument("prediction", name, sealed.document as unknown as Stored);
    await out.note(`saved prediction ${id} in ${path}`);
  } finally {
    await store.close();
  }
}

/** Stores predictions and their score, so that `report` can show them. */
export async function saveScore(
  name: string,
  sealed: readonly Sealed[],
  score: ScoreDocument,
  out: Output,
): Promise<void> {
  const { openStore } = await import("../../store/open.ts");
  const path = out.setting("store").value!;
  const store = await openStore(path, { mode: "create" });
  try {
    for (const { document } of sealed) {
      await store.saveDocument("prediction", `${name}-sealed`, document as unknown as Stored);
    }
    const id = await store.saveDocument("prediction", name, score as unknown as Stored);
    await out.note(`saved score ${id} in ${path}; next: spillway report ${id}`);
  } finally {
    await store.close();
  }
}
