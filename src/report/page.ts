import type { Chart } from "./chart.ts";
import { headline } from "./headline.ts";
import { escapeHtml, markup } from "./html.ts";
import type { ReportInput } from "./input.ts";
import { createDrawer } from "./render_chart.ts";
import { titleOf } from "./rows.ts";
import { diffSection } from "./sections/diff.ts";
import { assumptionsSection, estimateSection } from "./sections/estimate.ts";
import { replaySection } from "./sections/replay.ts";
import { runSection } from "./sections/run.ts";
import script from "./script.js.txt" with { type: "text" };
import style from "./style.css" with { type: "text" };

/** Base64 SHA-256 of a text, for the content security policy. */
async function sha256Base64(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/**
 * The whole page as one HTML text: no network request, works without script, the same bytes for the same
 * input.
 *
 * @param charts The registered charts by name.
 */
export async function buildPage(
  input: ReportInput,
  charts: ReadonlyMap<string, Chart>,
): Promise<string> {
  const draw = createDrawer(charts);
  const sections = [];
  for (const item of input.items) {
    sections.push(
      item.kind === "run"
        ? await runSection(item, draw)
        : item.kind === "replay"
        ? await replaySection(item, draw)
        : await estimateSection(item, draw),
    );
  }
  const diff = input.diff === true ? diffSection(input.items[0], input.items[1]) : null;
  const assumptions = assumptionsSection(input.items.filter((i) => i.kind === "estimate"));
  const code = script as unknown as string;
  const policy =
    `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${await sha256Base64(
      code,
    )}'; img-src data:`;
  const body =
    markup`<a class="skip" href="#main">Skip to the content</a><header class="head"><div><h1>${input.title}</h1><p class="quiet">Spillway ${input.version}${
      input.stamp === null ? "" : `, ${input.stamp}`
    }. Every number says how it is known: <span class="tag measured">measured</span> <span class="tag replayed">replayed</span> <span class="tag modelled">modelled</span> <span class="tag assumed">assumed</span></p></div><button id="scheme" type="button" hidden>Switch scheme</button></header><main id="main">${
      headline(input)
    }<nav aria-label="Sections"><ul>${
      diff === null ? null : markup`<li><a href="#diff">Difference</a></li>`
    }${input.items.map((i) => markup`<li><a href="#${i.id}">${titleOf(i)}</a></li>`)}${
      assumptions === null ? null : markup`<li><a href="#assumptions">Assumptions</a></li>`
    }<li><a href="#reproduce">Reproduce</a></li></ul></nav>${diff}${sections}${assumptions}<section id="reproduce"><h2>Reproduce</h2><p>These commands make this page again; the next one looks further.</p><pre tabindex="0"><code>${
      input
        .commands.join("\n")
    }</code></pre></section></main>`;
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<meta name="generator" content="spillway ${escapeHtml(input.version)}">` +
    `<title>${escapeHtml(input.title)}</title><style>${style as unknown as string}</style></head>` +
    `<body>${body.markup}<script>${code}</script></body></html>\n`;
}
