import { environmentVariable, isTerminal } from "../runtime/terminal.ts";

/** Text attributes; plain functions that return the text unchanged when colour is off. */
export interface Style {
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export type ColorMode = "auto" | "always" | "never";

/** Whether to colour: the flag, then NO_COLOR, then FORCE_COLOR, then whether the stream is a terminal. */
export function wantsColor(mode: ColorMode, stream: "stdout" | "stderr"): boolean {
  if (mode !== "auto") return mode === "always";
  if ((environmentVariable("NO_COLOR") ?? "") !== "") return false;
  const forced = environmentVariable("FORCE_COLOR");
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return isTerminal(stream) && environmentVariable("TERM") !== "dumb";
}

/** A style for a stream. */
export function createStyle(enabled: boolean): Style {
  const wrap = (open: number, close: number) => (text: string) =>
    enabled ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return {
    enabled,
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    cyan: wrap(36, 39),
  };
}
