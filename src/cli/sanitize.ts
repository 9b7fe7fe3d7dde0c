/**
 * Names, commands and labels come from traces: they are data and must not drive the terminal. Control
 * characters (escape sequences among them) and bidirectional overrides become visible `\xNN` forms.
 */
export function safeText(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => {
      const code = c.charCodeAt(0);
      return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
    },
  );
}

/** Attributes that our own styles set and reset; nothing else may pass. */
// deno-lint-ignore no-control-regex
const OWN_STYLE = /^\u001b\[(?:1|2|22|31|32|33|36|39)m/;

/**
 * A whole output as a terminal may get it: line ends, tabs and (where styles are on) our own attributes stay,
 * every other control character becomes visible. The last line of defence: names are made safe where they
 * are printed.
 */
export function safeOutput(text: string, styled: boolean): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /\u001b\[[0-9;]*m|\r\n|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (c) => c === "\r\n" || (styled && OWN_STYLE.test(c)) ? c : safeText(c),
  );
}
