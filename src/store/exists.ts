import { isThere } from "../runtime/early_files.ts";

/** Whether a store is there, without loading DuckDB. */
export function storeExists(path: string): boolean {
  return isThere(path);
}
