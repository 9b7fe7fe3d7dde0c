/** Text as HTML content or attribute value: names from traces are data and never markup. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;")
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "\ufffd");
}

/** Markup that is already safe: made by {@link markup} alone. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | null | undefined | readonly Part[];

function render(part: Part): string {
  if (part === null || part === undefined) return "";
  if (Array.isArray(part)) return part.map(render).join("");
  if (typeof part === "object") return (part as Html).markup;
  return escapeHtml(String(part));
}

/**
 * A template that escapes every value that is not markup itself.
 *
 * @example
 * ```ts
 * markup`<b>${"<i>"}</b>`.markup; // "<b>&lt;i&gt;</b>"
 * ```
 */
export function markup(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { markup: strings.reduce((out, text, i) => out + text + render(parts[i]), "") };
}

/** Markup made elsewhere (an SVG that Vega rendered). The caller vouches for it. */
export function trusted(markup: string): Html {
  return { markup };
}
