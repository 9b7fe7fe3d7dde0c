import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Source text of the browser's Vega and of its interpreter, as npm installed them. */
export interface BrowserCode {
  readonly vega: string;
  readonly interpreter: string;
}

/** Reads what a report inlines; null where the files do not lie on a disk (inside one executable). */
export function browserCode(): BrowserCode | null {
  const beside = (module: string, file: string) =>
    readFileSync(fileURLToPath(new URL(file, import.meta.resolve(module))), "utf8");
  try {
    return {
      vega: beside("vega", "vega.min.js"),
      interpreter: beside("vega-interpreter", "vega-interpreter.js"),
    };
  } catch {
    return null;
  }
}
