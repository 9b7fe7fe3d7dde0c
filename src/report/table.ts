import { type Html, markup } from "./html.ts";

type Cell = Html | string | number;

export interface TableColumn {
  readonly title: Cell;
  /** Right-aligned, digits under digits. */
  readonly numeric?: boolean;
}

/** A table that scrolls sideways within the page; the first cell of each row is its header. */
export function table(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly Cell[])[],
  options: { readonly class?: string; readonly rowClass?: (index: number) => string } = {},
): Html {
  const kind = (i: number) => columns[i]?.numeric ? "n" : "";
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table class="${
    options.class ?? ""
  }"><caption>${caption}</caption><thead><tr>${
    columns.map((c, i) => markup`<th scope="col" class="${kind(i)}">${c.title}</th>`)
  }</tr></thead><tbody>${
    rows.map((row, r) =>
      markup`<tr class="${options.rowClass?.(r) ?? ""}"><th scope="row">${row[0]}</th>${
        row.slice(1).map((cell, i) => markup`<td class="${kind(i + 1)}">${cell}</td>`)
      }</tr>\n`
    )
  }</tbody></table></div>`;
}

/** A metric's name with the id that gates and queries use. */
export function metricName(label: string, id: string): Html {
  return markup`${label} <code class="id">${id}</code>`;
}

/** Facts beside their names. */
export function facts(
  entries: readonly (readonly [name: string, value: Html | string | null])[],
): Html {
  return markup`<dl class="facts">${
    entries.filter(([, value]) => value !== null).map(([name, value]) =>
      markup`<div><dt>${name}</dt><dd>${value}</dd></div>`
    )
  }</dl>`;
}
