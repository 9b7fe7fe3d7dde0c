import { formatSeconds } from "../model/units.ts";
import { isTerminal, writeText } from "../runtime/terminal.ts";

/** Shows how far something is: live on a terminal, a plain line every 10 s elsewhere. On stderr. */
export interface Progress {
  update(done: number, total: number, what?: string): void;
  /** Clears the live line. */
  end(): void;
}

const PLAIN_EVERY_MS = 10_000;
const LIVE_EVERY_MS = 100;

/** @param now A clock in milliseconds. */
export function createProgress(
  label: string,
  options: { quiet: boolean; now?: () => number },
): Progress {
  const now = options.now ?? (() => performance.now());
  const live = isTerminal("stderr");
  const started = now();
  let last = live ? -Infinity : started;
  let drawn = false;
  const text = (done: number, total: number, what: string) => {
    const elapsed = (now() - started) / 1000;
    const left = done === 0 ? null : elapsed / done * (total - done);
    const remaining = left === null ? "" : `, about ${formatSeconds(Math.ceil(left))} left`;
    return `${label}: ${done} of ${total}${what === "" ? "" : ` (${what})`}${remaining}`;
  };
  return {
    update(done, total, what = "") {
      if (options.quiet || now() - last < (live ? LIVE_EVERY_MS : PLAIN_EVERY_MS)) return;
      last = now();
      drawn = live;
      void writeText(
        "stderr",
        live ? `\r\x1b[2K${text(done, total, what)}` : `${text(done, total, what)}\n`,
      );
    },
    end() {
      if (drawn) void writeText("stderr", "\r\x1b[2K");
      drawn = false;
    },
  };
}
