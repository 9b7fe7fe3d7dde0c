import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";

/** Folder of the golden data, real traces and fixtures; tests that need it skip where it is absent. */
export const SHARED: string = resolve(process.env.SPILLWAY_SHARED ?? "../shared");

/** Path of a shared file. */
export function sharedPath(path: string): string {
  return resolve(SHARED, path);
}

/**
 * The `skip` value for a test that needs shared files: false when they are there, else the message.
 *
 * @example
 * ```ts
 * test("K1 is reproduced", { skip: needsShared("golden/allocator") }, () => { ... });
 * ```
 */
export function needsShared(...paths: string[]): string | false {
  const missing = paths.find((path) => !existsSync(sharedPath(path)));
  return missing === undefined ? false : `${sharedPath(missing)} is absent (set SPILLWAY_SHARED)`;
}

/** Bytes of a shared file, decompressed when its name ends in .gz. */
export function sharedBytes(path: string): Uint8Array {
  const bytes = readFileSync(sharedPath(path));
  return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

/** Text of a shared file, decompressed when its name ends in .gz. */
export function sharedText(path: string): string {
  return new TextDecoder().decode(sharedBytes(path));
}
