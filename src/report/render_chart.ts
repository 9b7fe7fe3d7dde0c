import { capitalised } from "./axis.ts";
import type { Chart, ChartInput, ChartOutput } from "./chart.ts";
import { escapeHtml, type Html, markup, trusted } from "./html.ts";
import { type InteractiveFigure, interactiveFigure } from "./interactive.ts";
import { slug } from "./labels.ts";
import { compileSpec, renderSvg } from "./render_svg.ts";

/** What a figure is drawn from. */
export interface FigureInput extends ChartInput {
  /** Finer rows for zooming, with the name of the group that zooms together. */
  readonly explore?: { readonly rows: ChartInput["rows"]; readonly group: string };
}

/** Draws a chart to SVG and wraps it: picture, sentence, and the data as a table. */
export type DrawChart = (chart: string, input: FigureInput) => Promise<Html>;

export interface Drawer {
  readonly draw: DrawChart;
  /** Figures that the page can make interactive, in the order drawn. */
  readonly interactive: readonly InteractiveFigure[];
}

/** Widths in pixels of a chart on a desk and on a phone. */
const WIDE = 880;
const NARROW = 328;
/** Most rows of a data table under a chart; the rest is in the store. */
const MOST_ROWS = 200;

/**
 * A drawer over the given charts. Vega-Lite is compiled and rendered here, when the report is made: the page
 * needs no script to show its charts. Each is drawn for wide and for narrow screens; the style shows one.
 */
export function createDrawer(charts: ReadonlyMap<string, Chart>): Drawer {
  const taken = new Map<string, number>();
  const interactive: InteractiveFigure[] = [];
  const draw: DrawChart = async (name, given) => {
    const input = { ...given, title: capitalised(given.title) };
    const chart = charts.get(name);
    if (chart === undefined) throw new TypeError(`no chart ${name}`);
    const id = anchor(input.title, taken);
    const output = chart.build(input);
    const wide = await renderSvg(fitted(output.spec, WIDE));
    const narrow = await renderSvg(
      fitted(chart.build({ ...input, options: { ...input.options, narrow: 1 } }).spec, NARROW),
    );
    const { explore } = input;
    if (explore !== undefined) {
      const fine = chart.build({
        ...input,
        rows: explore.rows,
        options: { ...input.options, zoom: 1 },
      });
      const spec = await compileSpec(fitted(fine.spec, WIDE));
      interactive.push(interactiveFigure(id, explore.group, spec, output.description));
    }
    const same = wide === narrow;
    return markup`<figure id="${id}"><div class="figure-head"><h3><a href="#${id}">${input.title}</a></h3>${
      explore === undefined
        ? null
        : markup`<button class="explore" type="button" data-figure="${id}" hidden>Explore</button>`
    }</div><div class="scroll plot" tabindex="0" role="group" aria-label="${input.title}">${
      trusted(labelled(wide, output.description, id, same ? "both" : "wide"))
    }${
      same ? null : trusted(labelled(narrow, output.description, id, "narrow"))
    }</div><figcaption>${output.description}</figcaption>${dataTable(input, output)}</figure>`;
  };
  return { draw, interactive };
}

/** An anchor from the title, with a number where it is taken. */
function anchor(title: string, taken: Map<string, number>): string {
  const base = `chart-${slug(title) || "untitled"}`;
  const count = (taken.get(base) ?? 0) + 1;
  taken.set(base, count);
  return count === 1 ? base : `${base}-${count}`;
}

/** Fits a single view to a width, axes and legends included; composed views keep their own. */
function fitted(spec: Record<string, unknown>, width: number): Record<string, unknown> {
  const composed = ["facet", "hconcat", "vconcat", "concat", "repeat"].some((key) => key in spec);
  return composed ? spec : { ...spec, width, autosize: { type: "fit-x", contains: "padding" } };
}

/**
 * Gives the SVG one role and one sentence (Vega's own labels are raw keys, and too many) and ids of its own
 * (Vega counts its ids through the whole process).
 */
function labelled(
  svg: string,
  description: string,
  id: string,
  kind: "wide" | "narrow" | "both",
): string {
  const ids = [...new Set([...svg.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]))];
  const own = ids.reduce(
    (text, old, i) =>
      text.replaceAll(`id="${old}"`, `id="${id}-${kind}-${i}"`)
        .replaceAll(`url(#${old})`, `url(#${id}-${kind}-${i})`),
    svg,
  );
  return own
    .replace(/ (?:aria-[a-z]+|role)="[^"]*"/g, "")
    .replace(
      /^<svg class="[^"]*"|^<svg/,
      `<svg class="${kind}" role="img" aria-label="${escapeHtml(description)}"`,
    );
}

function cellOf(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return "-";
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : value;
}

function dataTable(input: ChartInput, output: ChartOutput): Html {
  const columns = [...new Set(input.rows.flatMap((r) => Object.keys(r)))];
  const numeric = new Set(columns.filter((c) => input.rows.some((r) => typeof r[c] === "number")));
  const step = Math.max(1, Math.ceil(input.rows.length / MOST_ROWS));
  const rows = input.rows.filter((_, i) => i % step === 0);
  const note = step === 1 ? "" : `, every ${step}th of ${input.rows.length} rows`;
  const align = (column: string) => numeric.has(column) ? "n" : "";
  return markup`<details class="data">
      <summary>Data of this chart</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="Data of ${input.title}">
        <table>
          <caption>${input.title}${note}</caption>
          <thead>
            <tr>${
    columns.map((c) => markup`<th scope="col" class="${align(c)}">${output.columns?.[c] ?? c}</th>`)
  }</tr>
          </thead>
          <tbody>${
    rows.map((r) =>
      markup`<tr>${columns.map((c) => markup`<td class="${align(c)}">${cellOf(r[c])}</td>`)}</tr>`
    )
  }</tbody>
        </table>
      </div>
    </details>`;
}
