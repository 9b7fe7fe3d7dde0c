import { terminalSize, writeText } from "../../runtime/terminal.ts";
import { LIVE_LINES, type LiveView } from "./live_view.ts";

const LIVE_MS = 500;
const PLAIN_MS = 10_000;
const PLAIN_WIDTH = 200;
/** A rule between the command's lines and ours. */
const RESERVED = LIVE_LINES + 1;
/** A terminal with fewer lines has no room for both. */
const MIN_ROWS = RESERVED + 8;

const SAVE = "\x1b7";
const RESTORE = "\x1b8";
const at = (row: number) => `\x1b[${row};1H`;

/**
 * Takes the last lines of a terminal out of what scrolls (DECSTBM), so that the recorded command goes on above
 * them: its output is not ours to erase, and it writes to the terminal without our knowing.
 */
export function reserveLines(rows: number): string {
  // Empty lines first, then back: where the cursor stood at the bottom, what is there moves up.
  return "\n".repeat(RESERVED) + `\x1b[${RESERVED}A` +
    `${SAVE}\x1b[1;${rows - RESERVED}r${RESTORE}`;
}

/** Draws the reserved lines; the cursor and its colours stay where the command has them. */
export function drawReserved(rows: number, columns: number, lines: readonly string[]): string {
  const all = ["─".repeat(columns), ...lines.map((line) => line.slice(0, columns))];
  const body = Array.from(
    { length: RESERVED },
    (_, i) => `${at(rows - RESERVED + 1 + i)}\x1b[2K${all[i] ?? ""}`,
  );
  return `${SAVE}\x1b[0m${body.join("")}${RESTORE}`;
}

/** Clears the reserved lines and lets the whole terminal scroll again. */
export function freeLines(rows: number): string {
  return `${SAVE}\x1b[r${at(rows - RESERVED + 1)}\x1b[J${RESTORE}`;
}

/**
 * Draws the view on stderr: on the last lines of a terminal twice a second, one line every ten seconds
 * elsewhere.
 *
 * @returns what ends it and clears what it drew.
 */
export function drawLive(
  view: LiveView,
  state: () => { readonly nowNs: number; readonly missedTicks: number },
): () => void {
  const size = () => {
    const found = terminalSize();
    return found !== null && found.rows >= MIN_ROWS ? found : null;
  };
  /** Rows of the terminal whose last lines are ours now. */
  let reserved: number | null = null;
  const draw = () => {
    const now = size();
    if (now === null) return;
    const { nowNs, missedTicks } = state();
    let text = "";
    if (reserved !== now.rows) {
      // The window changed: what was drawn moved with the rest and is only cleared.
      if (reserved !== null) text += `${SAVE}\x1b[r${RESTORE}\x1b[J`;
      text += reserveLines(now.rows);
      reserved = now.rows;
    }
    void writeText(
      "stderr",
      text + drawReserved(now.rows, now.columns, view.lines(nowNs, missedTicks, now.columns)),
    );
  };
  const say = () => {
    const { nowNs, missedTicks } = state();
    void writeText("stderr", `${view.lines(nowNs, missedTicks, PLAIN_WIDTH).join("; ")}\n`);
  };
  const onTerminal = size() !== null;
  if (onTerminal) draw();
  const timer = setInterval(onTerminal ? draw : say, onTerminal ? LIVE_MS : PLAIN_MS);
  return () => {
    clearInterval(timer);
    if (reserved !== null) void writeText("stderr", freeLines(reserved));
    reserved = null;
  };
}
