import type { Chart } from "./chart.ts";
import { evidenceWord } from "./evidence_tag.ts";
import { headline } from "./headline.ts";
import { escapeHtml, type Html, markup, trusted } from "./html.ts";
import type { ReportInput, ReportItem } from "./input.ts";
import { interactiveParts } from "./interactive.ts";
import { createDrawer, type DrawChart } from "./render_chart.ts";
import { titleOf } from "./rows.ts";
import { adviceSection } from "./sections/advice.ts";
import { assumptionsSection } from "./sections/assumptions.ts";
import { diffSection } from "./sections/diff.ts";
import { estimateSection } from "./sections/estimate.ts";
import { gateSection } from "./sections/gate.ts";
import { replaySection } from "./sections/replay.ts";
import { reproduceSection } from "./sections/reproduce.ts";
import { scoreSection } from "./sections/score.ts";
import { runSection } from "./sections/run.ts";
import { tradeoffSections } from "./sections/tradeoff.ts";
import { wearSection } from "./sections/wear.ts";
import script from "./script.js.txt" with { type: "text" };
import style from "./style.css" with { type: "text" };

/** Base64 SHA-256 of a text, for the content security policy. */
async function sha256Base64(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

async function sectionOf(item: ReportItem, draw: DrawChart): Promise<Html> {
  switch (item.kind) {
    case "run":
      return await runSection(item, draw);
    case "replay":
      return await replaySection(item, draw);
    case "estimate":
      return await estimateSection(item, draw);
    case "advice":
      return await adviceSection(item, draw);
    case "score":
      return await scoreSection(item, draw);
    case "gate":
      return gateSection(item);
  }
}

/** Links to the sections: what every part is called. */
function navigation(
  input: ReportInput,
  has: { diff: boolean; tradeoff: string | null; wear: boolean; assumptions: boolean },
): Html {
  const links: [href: string, text: string][] = [
    ...(has.diff ? [["diff", "Difference"] as [string, string]] : []),
    ...input.items.map((i): [string, string] => [i.id, titleOf(i)]),
    ...(has.tradeoff === null ? [] : [[has.tradeoff, "Trade-off"] as [string, string]]),
    ...(has.wear ? [["wear", "Wear ledger"] as [string, string]] : []),
    ...(has.assumptions ? [["assumptions", "Assumptions"] as [string, string]] : []),
    ["reproduce", "Reproduce"],
  ];
  return markup`<nav aria-label="Sections"><ul>${
    links.map(([href, text]) => markup`<li><a href="#${href}">${text}</a></li>`)
  }</ul></nav>`;
}

function header(input: ReportInput, hasAssumptions: boolean): Html {
  const words = markup`${evidenceWord("measured")} read from a counter, ${
    evidenceWord("replayed")
  } exact for a trace and a policy, ${evidenceWord("modelled")} from a cost model, ${
    evidenceWord("assumed")
  } a default nobody measured here`;
  return markup`<header><div><p class="kind">Spillway ${input.version}${
    input.stamp === null ? "" : `, ${input.stamp}`
  }</p><h1>${input.title}</h1></div><button id="scheme" type="button" hidden>Switch scheme</button><p class="legend">Every number says how it is known: ${words}${
    hasAssumptions ? markup` (<a href="#assumptions">sources</a>)` : null
  }. Tables use the first letter: M, R, m, a.</p></header>`;
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
  const { draw, interactive } = createDrawer(charts);
  const diff = input.diff === true ? diffSection(input.items[0], input.items[1]) : null;
  const sections: Html[] = [];
  for (const item of input.items) sections.push(await sectionOf(item, draw));
  const tradeoffs = await tradeoffSections(input.items, draw);
  const wear = wearSection(input.items);
  const assumptions = assumptionsSection(input.items);
  const parts = await interactiveParts(interactive, input.browser ?? null);
  const scripts = [script as unknown as string, ...(parts === null ? [] : [parts.starter])];
  // The runtime is not in the page as a script: the starter adds it on demand, by its hash.
  const allowed = [...scripts, ...(parts === null ? [] : [parts.runtime])];
  const hashes = await Promise.all(allowed.map(sha256Base64));
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${
    hashes.map((hash) => `'sha256-${hash}'`).join(" ")
  }; img-src data:; base-uri 'none'; form-action 'none'`;
  const navigated = navigation(input, {
    diff: diff !== null,
    tradeoff: /id="([^"]+)"/.exec(tradeoffs[0]?.markup ?? "")?.[1] ?? null,
    wear: wear !== null,
    assumptions: assumptions !== null,
  });
  const payload = parts === null
    ? null
    : trusted(`<script type="application/json" id="interactive">${parts.payload}</script>`);
  const body = markup`<a class="skip" href="#main">Skip to the content</a><div class="page">${
    header(input, assumptions !== null)
  }${navigated}<main id="main">${
    headline(input)
  }${diff}${sections}${tradeoffs}${wear}${assumptions}${
    reproduceSection(input)
  }</main></div>${payload}${scripts.map((code) => trusted(`<script>${code}</script>`))}`;
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">` +
    `<meta name="generator" content="spillway ${escapeHtml(input.version)}">` +
    `<title>${escapeHtml(input.title)}</title><style>${style as unknown as string}</style></head>` +
    `<body>${body.markup}</body></html>\n`;
}
