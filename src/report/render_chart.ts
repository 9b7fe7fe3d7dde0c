import type { Chart, ChartInput } from "./chart.ts";
import { escapeHtml, type Html, markup, trusted } from "./html.ts";

/** Draws a chart to SVG and wraps it: picture, sentence, and the data as a table. */
export type DrawChart = (chart: string, input: ChartInput) => Promise<Html>;

/** Most rows of a data table under a chart; the rest is in the store. */
const MOST_ROWS = 200;

/**
 * A drawer over the given charts. Vega-Lite is compiled and rendered here, when the report is made: the page
 * needs no script to show its charts.
 */
export function createDrawer(charts: ReadonlyMap<string, Chart>): DrawChart {
  let figures = 0;
  return async (name, input) => {
    const chart = charts.get(name);
    if (chart === undefined) throw new TypeError(`no chart ${name}`);
    const { spec, description } = chart.build(input);
    const id = `figure-${++figures}`;
    const svg = await renderSvg(spec);
    return markup`<figure id="${id}"><h3>${input.title}</h3><div class="scroll" tabindex="0" role="group" aria-label="${input.title}">${
      trusted(
        labelled(svg, description),
      )
    }</div><figcaption>${description}</figcaption>${dataTable(input)}</figure>`;
  };
}

async function renderSvg(spec: Record<string, unknown>): Promise<string> {
  const [vega, lite, { expressionInterpreter }] = await Promise.all([
    import("vega"),
    import("vega-lite"),
    import("vega-interpreter"),
  ]);
  const compiled = lite.compile(spec as unknown as Parameters<typeof lite.compile>[0]).spec;
  const view = new vega.View(vega.parse(compiled, {}, { ast: true }), {
    renderer: "none",
    expr: expressionInterpreter,
  });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

/** Gives the SVG one role and one sentence; Vega's own labels are raw keys, and too many. */
function labelled(svg: string, description: string): string {
  return svg
    .replace(/ (?:aria-[a-z]+|role)="[^"]*"/g, "")
    .replace(/^<svg /, `<svg role="img" aria-label="${escapeHtml(description)}" `);
}

function dataTable(input: ChartInput): Html {
  const columns = [...new Set(input.rows.flatMap((r) => Object.keys(r)))];
  const step = Math.max(1, Math.ceil(input.rows.length / MOST_ROWS));
  const rows = input.rows.filter((_, i) => i % step === 0);
  const note = step === 1 ? "" : `, every ${step}th of ${input.rows.length} rows`;
  const cell = (value: unknown) =>
    value === null || value === undefined
      ? "-"
      : typeof value === "number"
      ? String(Number(value.toPrecision(6)))
      : String(value);
  return markup`<details>
      <summary>Data of this chart</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="Data of ${input.title}">
        <table>
          <caption>${input.title}${note}</caption>
          <thead>
            <tr>${columns.map((c) => markup`<th scope="col">${c}</th>`)}</tr>
          </thead>
          <tbody>${
    rows.map((r) => markup`<tr>${columns.map((c) => markup`<td>${cell(r[c])}</td>`)}</tr>`)
  }</tbody>
        </table>
      </div>
    </details>`;
}
