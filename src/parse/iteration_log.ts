import { csvLine } from "./csv_line.ts";
import { PlaceError } from "./place_error.ts";

/** The iterations of a recorded training run. */
export interface IterationLog {
  /** Seconds of each iteration, without the pauses between them. */
  readonly seconds: readonly number[];
  /** Mean seconds of an iteration in which the network idles; null where the log does not say. */
  readonly idleSeconds: number | null;
  /** Mean tokens of an iteration; null where the log does not say. */
  readonly tokens: number | null;
}

/** `elapsed time per iteration (ms): 13023.1` of Megatron-LM and its relatives. */
const MEGATRON = /elapsed time per iteration \((ms|s)\):\s*([0-9.eE+-]+)/;

/** Longest iteration that is believed: a day. */
const MOST_SECONDS = 86_400;

/**
 * Reads a log of iterations: CSV with `start_seconds,end_seconds` or `iteration_seconds` (and `idle_seconds`
 * and `tokens` where known), or the text log of a Megatron-LM run.
 *
 * @throws {PlaceError} for a number that is none, an iteration that ends before it starts or starts before
 * the one before it, or a file without iterations.
 */
export function parseIterationLog(text: string): IterationLog {
  const body = text.replace(/^\uFEFF/, "");
  const log = MEGATRON.test(body) ? fromMegatron(body) : fromCsv(body);
  if (log.seconds.length === 0) throw new PlaceError(1, 1, "it holds no iteration");
  return log;
}

function checked(seconds: number, word: string, line: number, column: number): number {
  if (!(seconds > 0) || seconds > MOST_SECONDS) {
    throw new PlaceError(line, column, `iteration time "${word}" is not above 0 and within a day`);
  }
  return seconds;
}

function fromMegatron(text: string): IterationLog {
  const seconds: number[] = [];
  text.split("\n").forEach((line, i) => {
    const match = MEGATRON.exec(line);
    if (match === null) return;
    const scale = match[1] === "ms" ? 1000 : 1;
    seconds.push(checked(Number(match[2]) / scale, match[2], i + 1, match.index + 1));
  });
  return { seconds, idleSeconds: null, tokens: null };
}

function fromCsv(text: string): IterationLog {
  const encoder = new TextEncoder();
  const seconds: number[] = [];
  const sums = { idle_seconds: 0, tokens: 0 };
  let header: string[] | null = null;
  let before = -Infinity;
  text.split("\n").forEach((raw, i) => {
    const line = raw.replace(/\r$/, "");
    if (line.trim() === "") return;
    const bytes = encoder.encode(line);
    const row = csvLine(bytes, 0, bytes.length, i + 1);
    if (header === null) {
      header = row.cells.map((cell) => cell.trim().toLowerCase());
      const spans = header.includes("start_seconds") && header.includes("end_seconds");
      if (!spans && !header.includes("iteration_seconds")) {
        throw new PlaceError(
          i + 1,
          1,
          `the header "${line.slice(0, 40)}" has neither iteration_seconds nor start_seconds and ` +
            "end_seconds",
        );
      }
      return;
    }
    if (row.cells.length !== header.length) {
      throw new PlaceError(
        i + 1,
        1,
        `${row.cells.length} fields, but the header has ${header.length}`,
      );
    }
    const number = (name: string): number => {
      const at = header!.indexOf(name);
      const word = row.cells[at].trim();
      const value = Number(word);
      if (word === "" || !Number.isFinite(value) || value < 0 || value > 1e12) {
        throw new PlaceError(i + 1, row.columns[at], `${name} "${word}" is not a number from 0 up`);
      }
      return value;
    };
    if (header.includes("start_seconds")) {
      const [start, end] = [number("start_seconds"), number("end_seconds")];
      if (start < before) {
        throw new PlaceError(i + 1, 1, `an iteration at ${start} s after one at ${before} s`);
      }
      before = start;
      seconds.push(checked(end - start, String(end - start), i + 1, 1));
    } else {
      const at = header.indexOf("iteration_seconds");
      seconds.push(
        checked(number("iteration_seconds"), row.cells[at], i + 1, row.columns[at]),
      );
    }
    for (const name of ["idle_seconds", "tokens"] as const) {
      if (header.includes(name)) sums[name] += number(name);
    }
  });
  const mean = (name: keyof typeof sums): number | null =>
    header?.includes(name) && seconds.length > 0 ? sums[name] / seconds.length : null;
  return { seconds, idleSeconds: mean("idle_seconds"), tokens: mean("tokens") };
}
