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
