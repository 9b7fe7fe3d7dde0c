/**
 * The address of a module that is imported when it is needed. Deno reads every import with a literal name
 * before it starts, so a literal here would cost each command the whole program (120 ms for `--help`).
 * `packaging/build_binary.ts` turns these calls back into literals, which a bundler needs.
 */
export function late(path: string): string {
  return new URL(path, import.meta.url).href;
}
