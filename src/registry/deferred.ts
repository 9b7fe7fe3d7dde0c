import { late } from "./late.ts";

/**
 * Parts of the program that `--help`, `ls` and `completions` do not need at once. Behind {@link late} Deno
 * reads neither them nor what they import (zod alone is 80 files) before they are asked for.
 */

export async function loadStoreOpener(): Promise<typeof import("../store/open.ts")> {
  return await import(late("../store/open.ts"));
}

export async function loadQuickList(): Promise<typeof import("../store/quick_list.ts")> {
  return await import(late("../store/quick_list.ts"));
}

export async function loadStoreSchema(): Promise<typeof import("../cli/schemas/store_schema.ts")> {
  return await import(late("../cli/schemas/store_schema.ts"));
}

export async function loadCompletionsSchema(): Promise<
  typeof import("../cli/schemas/completions_schema.ts")
> {
  return await import(late("../cli/schemas/completions_schema.ts"));
}

export async function loadConfigSchema(): Promise<typeof import("../cli/config_schema.ts")> {
  return await import(late("../cli/config_schema.ts"));
}

export async function loadCompleter(): Promise<typeof import("../cli/complete.ts")> {
  return await import(late("../cli/complete.ts"));
}

export async function loadPreparer(): Promise<typeof import("../cli/prepare.ts")> {
  return await import(late("../cli/prepare.ts"));
}
