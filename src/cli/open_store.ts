import { dataError } from "../model/errors.ts";
import { loadStoreOpener } from "../registry/deferred.ts";
import type { Store } from "../store/store.ts";
import type { Output } from "./output.ts";

/** Path of the store in force: flag, environment, config file, default. */
export function storePath(out: Output): string {
  return out.setting("store").value!;
}

/**
 * Opens the store in force, gives it to `work` and closes it, whatever happens. DuckDB is loaded here and
 * only here.
 *
 * @throws {SpillwayError} data error when `mode` is not `create` and there is no store.
 */
export async function withStore<T>(
  out: Output,
  mode: "create" | "write" | "read",
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const path = storePath(out);
  const { storeExists } = await import("../store/exists.ts");
  if (mode !== "create" && !storeExists(path)) {
    throw dataError(
      `there is no store ${path} yet`,
      '"spillway demo", "spillway record" or "spillway import FILE" makes one; --store FILE names another',
    );
  }
  const { openStore } = await loadStoreOpener();
  const store = await openStore(path, { mode });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
