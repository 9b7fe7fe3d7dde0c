import code from "./interactive.js.txt" with { type: "text" };

/** A figure that the page can draw again with zooming. */
export interface InteractiveFigure {
  readonly id: string;
  /** Figures of one group zoom together. */
  readonly group: string;
  readonly description: string;
  /** A compiled Vega specification without its rows. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** The rows, a line a series. */
  readonly lines: readonly {
    readonly series: string;
    readonly x: readonly number[];
    readonly y: readonly (number | null)[];
  }[];
}

/** Source text of the browser's Vega and of its interpreter, which needs no `eval`. */
export interface BrowserRuntime {
  readonly vega: string;
  /** An ES module that exports `expressionInterpreter`. */
  readonly interpreter: string;
}

interface Row {
  readonly x: number;
  readonly y: number | null;
  readonly series: string;
}

const short = (value: number) => Number(value.toPrecision(6));

/** Takes the rows out of a compiled specification: a row an object costs five times a column. */
export function interactiveFigure(
  id: string,
  group: string,
  spec: Record<string, unknown>,
  description: string,
): InteractiveFigure {
  const data = spec.data as { values?: Row[] }[];
  const rows = data.find((d) => Array.isArray(d.values) && d.values[0]?.series !== undefined);
  const values = rows?.values ?? [];
  const names = [...new Set(values.map((r) => r.series))];
  const lines = names.map((series) => {
    const own = values.filter((r) => r.series === series);
    return {
      series,
      x: own.map((r) => short(r.x)),
      y: own.map((r) => r.y === null ? null : short(r.y)),
    };
  });
  const without = data.map((d) => d === rows ? { ...d, values: "rows" } : d);
  return { id, group, description, spec: { ...spec, data: without }, lines };
}

async function gzipBase64(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(binary);
}

/** Vega as one classic script that leaves `vega` and `vegaInterpreter` behind. */
function runtimeScript(runtime: BrowserRuntime): string {
  // Written as a module; the classic script of Vega exports what it imports.
  const interpreter = runtime.interpreter
    .replace(/^import \{([^}]*)\} from ['"]vega-util['"];?$/m, "const {$1} = window.vega;")
    .replace(/export\s*\{\s*(\w+) as expressionInterpreter\s*\};?/, "return $1;")
    .replace(/\/\/# sourceMappingURL=.*$/m, "");
  if (/^(?:import|export)\b/m.test(interpreter)) {
    throw new TypeError("the interpreter is not the module that this was written for");
  }
  const vega = runtime.vega.replace(/\/\/# sourceMappingURL=.*$/m, "");
  return `${vega}\n;window.vegaInterpreter = (function () {\n${interpreter}\n})();\n`;
}

/** What the page holds so that its figures can become interactive. */
export interface InteractiveParts {
  /** Script that waits for a click; runs at once. */
  readonly starter: string;
  /** Vega itself: added by the starter on demand, so that the policy must know its hash. */
  readonly runtime: string;
  /** JSON for the page: compressed runtime and figures, in base64. */
  readonly payload: string;
}

/** The parts for the figures, or null when there are none or no runtime is at hand. */
export async function interactiveParts(
  figures: readonly InteractiveFigure[],
  browser: BrowserRuntime | null,
): Promise<InteractiveParts | null> {
  if (figures.length === 0 || browser === null) return null;
  const runtime = runtimeScript(browser);
  const payload = JSON.stringify({
    runtime: await gzipBase64(runtime),
    figures: await gzipBase64(JSON.stringify(figures)),
  });
  return { starter: code as unknown as string, runtime, payload };
}
