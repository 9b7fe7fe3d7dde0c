import { type GpuField, gpuFields } from "../../parse/gpu/fields.ts";
import { parseSmiHeader, parseSmiRow, type SmiRow } from "../../parse/gpu/smi_csv.ts";
import {
  smiExitReason,
  smiFailure,
  smiFieldRefused,
  splitSmiWarnings,
} from "../../parse/gpu/smi_failure.ts";
import { runTool } from "../../runtime/tool.ts";

/** What nvidia-smi answers here: its rows, or why there are none. */
export interface SmiAnswer {
  /** Columns that this driver knows, ours first. */
  readonly columns: readonly string[];
  readonly rows: readonly SmiRow[];
  readonly status: "ok" | "absent" | "denied";
  readonly reason: string | null;
}

const KEYS = ["index", "name"];
/** The exit code that comes with a warning below values that are all there. */
const DAMAGED_INFOROM = 14;

/** Flags repeat the bits of `clock_event_reasons`; everything else with a column is asked for. */
function wantedFields(): GpuField[] {
  return gpuFields().filter((field) => field.csv.length > 0 && !field.field.endsWith("_flag"));
}

/** The command line; with an interval the tool stays and prints a round each time. */
export function smiQueryArgv(columns: readonly string[], intervalMs: number | null): string[] {
  const loop = intervalMs === null ? [] : [`--loop-ms=${intervalMs}`];
  return ["nvidia-smi", `--query-gpu=${columns.join(",")}`, "--format=csv", ...loop];
}

/** Rows of one finished query. */
function rowsOf(stdout: string): SmiRow[] {
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  const header = lines.length === 0 ? null : parseSmiHeader(lines[0]);
  if (header === null) return [];
  return lines.slice(1).flatMap((line, i) => {
    try {
      return [parseSmiRow(line, header, "nvidia-smi", i)];
    } catch {
      return [];
    }
  });
}

/**
 * Asks once, leaving out one by one the columns that this driver refuses: names came and went, and one that
 * is not known makes the tool refuse them all. A refused name gives way to the field's other name.
 */
export async function askSmi(): Promise<SmiAnswer> {
  const wanted = wantedFields().map((field) => [...field.csv]);
  for (;;) {
    const columns = [...KEYS, ...wanted.flatMap((names) => names.slice(0, 1))];
    const ran = await runTool(smiQueryArgv(columns, null), { timeoutMs: 20_000 });
    if (ran.startError !== null) {
      const missing = ran.startError === "ENOENT";
      return {
        columns,
        rows: [],
        status: ran.startError === "EACCES" ? "denied" : "absent",
        reason: missing
          ? "nvidia-smi is not installed"
          : `nvidia-smi does not start (${ran.startError})`,
      };
    }
    const said = `${ran.stdout}\n${ran.stderr}`;
    const refused = smiFieldRefused(said);
    const names = refused === null ? undefined : wanted.find((list) => list[0] === refused);
    if (names !== undefined) {
      names.shift();
      continue;
    }
    const { text, warnings } = splitSmiWarnings(ran.stdout);
    const rows = rowsOf(text);
    if (rows.length > 0 && (ran.code === 0 || ran.code === DAMAGED_INFOROM)) {
      return { columns, rows, status: "ok", reason: warnings[0] ?? smiExitReason(ran.code) };
    }
    const reason = (ran.timedOut ? "nvidia-smi did not answer in 20 s" : null) ??
      smiFailure(said) ?? smiExitReason(ran.code) ??
      `nvidia-smi ended with ${ran.code ?? ran.signal} and no values`;
    const denied = /permission/i.test(reason);
    return { columns, rows, status: denied ? "denied" : "absent", reason };
  }
}
