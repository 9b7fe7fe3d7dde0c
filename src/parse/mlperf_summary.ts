import { csvLine } from "./csv_line.ts";
import { PlaceError } from "./place_error.ts";

/** One run of MLPerf Storage as its summary tells it. */
export interface MlperfRun {
  readonly line: number;
  readonly submitter: string;
  readonly system: string;
  readonly workload: string;
  readonly accelerator: string;
  readonly accelerators: number;
  /** Accelerator utilisation, 0 to 1. */
  readonly utilization: number;
  /** Whether the benchmark says that the utilisation suffices. */
  readonly meets: boolean;
  readonly samplesPerSecond: number;
  /** Samples of an epoch. */
  readonly samples: number;
}

const COLUMNS = [
  "submitter",
  "system",
  "workload",
  "accelerator",
  "num_accelerators",
  "au_mean_pct",
  "au_meets",
  "throughput_samples_s",
  "num_files_train",
  "num_samples_per_file",
] as const;

type Places = Readonly<Record<(typeof COLUMNS)[number], number>>;

/**
 * Reads the table of run summaries (a row a run). Rows without a number the fit needs are counted, not read.
 *
 * @throws {PlaceError} when a column is missing.
 */
export function parseMlperfSummary(bytes: Uint8Array): { runs: MlperfRun[]; incomplete: number } {
  const runs: MlperfRun[] = [];
  let places: Places | null = null;
  let incomplete = 0;
  let line = 0;
  for (let from = 0; from < bytes.length;) {
    line++;
    let to = bytes.indexOf(0x0a, from);
    if (to < 0) to = bytes.length;
    const end = to > from && bytes[to - 1] === 0x0d ? to - 1 : to;
    if (end > from) {
      const { cells } = csvLine(bytes, from, end, line);
      if (places === null) {
        const missing = COLUMNS.find((name) => !cells.includes(name));
        if (missing !== undefined) throw new PlaceError(line, 1, `there is no column ${missing}`);
        places = Object.fromEntries(COLUMNS.map((n) => [n, cells.indexOf(n)])) as Places;
      } else {
        const run = readRun(cells, places, line);
        if (run === null) incomplete++;
        else runs.push(run);
      }
    }
    from = to + 1;
  }
  return { runs, incomplete };
}

function readRun(
  cells: readonly string[],
  places: Places,
  line: number,
): MlperfRun | null {
  const text = (name: (typeof COLUMNS)[number]) => (cells[places[name]] ?? "").trim();
  const number = (name: (typeof COLUMNS)[number]) => text(name) === "" ? NaN : Number(text(name));
  const run = {
    line,
    submitter: text("submitter"),
    system: text("system"),
    workload: text("workload"),
    accelerator: text("accelerator"),
    accelerators: number("num_accelerators"),
    utilization: number("au_mean_pct") / 100,
    meets: text("au_meets") === "success",
    samplesPerSecond: number("throughput_samples_s"),
    samples: number("num_files_train") * number("num_samples_per_file"),
  };
  const complete = [run.accelerators, run.utilization, run.samplesPerSecond, run.samples]
    .every((x) => Number.isFinite(x) && x > 0);
  return complete && run.workload !== "" && run.accelerator !== "" ? run : null;
}
