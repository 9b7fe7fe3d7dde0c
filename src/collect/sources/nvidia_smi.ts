import {
  parseSmiHeader,
  parseSmiRow,
  SMI_FIELDS,
  smiFailure,
  type SmiHeader,
  type SmiRow,
} from "../../parse/nvidia_smi_csv.ts";
import { messageOf } from "../../model/errors.ts";
import { runTool, startLineTool } from "../../runtime/tool.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

const QUERY = ["index", "name", "pci.bus_id", ...Object.keys(SMI_FIELDS)].join(",");
/** The tool itself needs some 30 ms a round; faster than this it only costs. */
const FASTEST_MS = 100;

function argvOf(intervalMs: number | null): string[] {
  const loop = intervalMs === null ? [] : [`--loop-ms=${intervalMs}`];
  return ["nvidia-smi", `--query-gpu=${QUERY}`, "--format=csv", ...loop];
}

async function probe(): Promise<SourceProbe> {
  const ran = await runTool(argvOf(null), { timeoutMs: 20_000 });
  const none = { devices: [] as string[] };
  if (ran.startError !== null) {
    return {
      status: ran.startError === "EACCES" ? "denied" : "absent",
      reason: ran.startError === "ENOENT"
        ? "nvidia-smi is not installed"
        : `nvidia-smi does not start (${ran.startError})`,
      remedy: "install the NVIDIA driver with its tools, when this machine has such a GPU",
      ...none,
    };
  }
  const said = `${ran.stdout}\n${ran.stderr}`;
  const rows = readRows(ran.stdout);
  if (ran.code !== 0 || rows.length === 0) {
    return {
      status: "absent",
      reason: smiFailure(said) ?? `nvidia-smi ended with ${ran.code ?? ran.signal} and no values`,
      remedy: 'run "nvidia-smi" by itself and follow its advice',
      ...none,
    };
  }
  return {
    status: "ok",
    reason: null,
    remedy: null,
    devices: rows.map((row) => `${deviceOf(row)} ${row.name ?? ""}`.trim()),
    facts: Object.fromEntries(rows.map((row) => [deviceOf(row), { name: row.name }])),
  };
}

function readRows(stdout: string): SmiRow[] {
  const lines = stdout.split("\n").filter((l) => l.trim() !== "");
  const header = lines.length === 0 ? null : parseSmiHeader(lines[0]);
  if (header === null) return [];
  return lines.slice(1).flatMap((line) => {
    try {
      return [parseSmiRow(line, header, "nvidia-smi")];
    } catch {
      return [];
    }
  });
}

function deviceOf(row: SmiRow): string {
  return row.index === null ? row.busId ?? "GPU" : `GPU-${row.index}`;
}

/** One long-lived child in loop mode; its lines are pushed when the recorder asks. */
function open(context: SourceContext): OpenSource {
  let header: SmiHeader | null = null;
  let waiting: { row: SmiRow; timeNs: number }[] = [];
  let problem: string | null = null;
  let backoffNs = 1e9;
  let restartAtNs = 0;
  const known = new Map<string, Map<string, number>>();
  const intervalMs = Math.max(FASTEST_MS, Math.round(context.intervalNs / 1e6));
  const start = () => {
    header = null;
    return startLineTool(argvOf(intervalMs), (line, stream) => {
      if (line.trim() === "") return;
      const failure = smiFailure(line);
      if (failure !== null) {
        problem = failure;
        return;
      }
      if (stream === "stderr") return;
      const asHeader = parseSmiHeader(line);
      if (asHeader !== null && /[a-z]\.[a-z]/.test(line)) {
        header = asHeader;
        return;
      }
      if (header === null) return;
      try {
        waiting.push({ row: parseSmiRow(line, header, "nvidia-smi"), timeNs: context.nowNs() });
        backoffNs = 1e9;
      } catch (error) {
        problem = messageOf(error);
      }
    });
  };
  let tool = start();
  return {
    sample(sink: SampleSink) {
      for (const { row, timeNs } of waiting) {
        sink.at(timeNs);
        pushRow(sink, row, known);
      }
      waiting = [];
      const end = tool.ended();
      if (end === null) return;
      problem ??= `nvidia-smi ended with ${end.code ?? end.startError}`;
      for (const fields of known.values()) {
        for (const id of fields.values()) sink.push(id, null, problem);
      }
      // A GPU that was reset comes back: try again, ever more rarely.
      if (context.nowNs() >= restartAtNs) {
        restartAtNs = context.nowNs() + backoffNs;
        backoffNs = Math.min(backoffNs * 2, 60e9);
        tool = start();
      }
    },
    failure: () => problem,
    close: () => tool.stop(),
  };
}

function pushRow(sink: SampleSink, row: SmiRow, known: Map<string, Map<string, number>>): void {
  const device = deviceOf(row);
  const fields = known.get(device) ?? new Map<string, number>();
  known.set(device, fields);
  for (const { definition, value, reason } of row.readings) {
    let id = fields.get(definition.field);
    if (id === undefined) {
      const { field, unit, type } = definition;
      id = sink.series({ source: "nvidia-smi", device, field, unit, type });
      fields.set(field, id);
    }
    sink.push(id, value, reason ?? undefined);
  }
}

export const source: Source = {
  name: "nvidia-smi",
  summary: "utilisation, memory, power, clocks and link of NVIDIA GPUs (nvidia-smi in loop mode)",
  minIntervalNs: FASTEST_MS * 1e6,
  probe,
  open: (context) => Promise.resolve(open(context)),
};
