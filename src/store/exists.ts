import { existsSync } from "node:fs";

/** Whether a store is there, without loading DuckDB. */
export function storeExists(path: string): boolean {
  return existsSync(path);
}
