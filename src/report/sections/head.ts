import { type Html, markup } from "../html.ts";

/** The heading of a section: what kind of thing it is, its name, and its id as commands take it. */
export function sectionHead(kind: string, name: string, id: string): Html {
  return markup`<h2><span class="kind">${kind}</span> ${name} <code class="id">${id}</code></h2>`;
}
