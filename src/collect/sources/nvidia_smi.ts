import { messageOf } from "../../model/errors.ts";
import { parseSmiHeader, parseSmiRow, type SmiHeader } from "../../parse/gpu/smi_csv.ts";
import { parseSmiDmon } from "../../parse/gpu/smi_dmon.ts";
import { smiExitReason, smiFailure, splitSmiWarnings } from "../../parse/gpu/smi_failure.ts";
import { parseSmiXml } from "../../parse/gpu/smi_xml.ts";
import type { Reading } from "../../parse/reading.ts";
import { type LineTool, runTool, startLineTool } from "../../runtime/tool.ts";
import { createRetry } from "../gpu/retry.ts";
import { createSeriesBook } from "../gpu/series_book.ts";
import { askSmi, smiQueryArgv } from "../gpu/smi_query.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** The tool itself needs some 30 ms a round; faster than this it only costs. */
const FASTEST_MS = 100;
/** What only `-q -x` gives (processes, MIG instances, replays) changes slowly and costs a tenth of a second. */
const DETAIL_NS = 30e9;
/** A GPU that was in earlier rounds and is not in those of this time is gone. */
const GONE_NS = 5e9;

async function probe(): Promise<SourceProbe> {
  const { status, reason, rows } = await askSmi();
  if (status !== "ok") {
    return {
      status,
      reason,
      remedy: reason === "nvidia-smi is not installed"
        ? "install the NVIDIA driver with its tools, when this machine has such a GPU"
        : 'run "nvidia-smi" by itself and follow its advice',
      devices: [],
    };
  }
  return {
    status: "ok",
    reason,
    remedy: null,
    devices: rows.map((row) => `${row.device} ${row.name ?? ""}`.trim()),
    facts: Object.fromEntries(rows.map((row) => [row.device, { name: row.name }])),
  };
}

interface Waiting {
  readonly timeNs: number;
  readonly readings: readonly Reading[];
}

/** One long-lived child for the counters, one for PCIe throughput; their lines are pushed when asked. */
function open(context: SourceContext, columns: readonly string[]): OpenSource {
  const intervalMs = Math.max(FASTEST_MS, Math.round(context.intervalNs / 1e6));
  const book = createSeriesBook("nvidia-smi");
  const retry = createRetry();
  const waiting: Waiting[] = [];
  const seenNs = new Map<string, number>();
  let header: SmiHeader | null = null;
  let problem: string | null = null;
  let said: string | null = null;
  let alive = false;
  let closed = false;

  const onLine = (line: string) => {
    if (splitSmiWarnings(line).text.trim() === "") return;
    const failure = smiFailure(line);
    if (failure !== null) {
      said = failure;
      return;
    }
    const asHeader = /[a-z]\.[a-z]/.test(line) ? parseSmiHeader(line) : null;
    if (asHeader !== null) {
      header = asHeader;
      return;
    }
    if (header === null) return;
    try {
      const row = parseSmiRow(line, header, "nvidia-smi");
      const timeNs = context.nowNs();
      waiting.push({ timeNs, readings: row.readings });
      seenNs.set(row.device, timeNs);
      alive = true;
      said = null;
      retry.succeeded();
      const lost = row.readings.find((r) => /\b(lost|reset)\b/.test(r.reason ?? ""));
      if (lost !== undefined) problem ??= `${row.device}: ${lost.reason}`;
    } catch (error) {
      said ??= messageOf(error);
    }
  };
  const start = (): LineTool => {
    header = null;
    alive = false;
    return startLineTool(smiQueryArgv(columns, intervalMs), onLine);
  };
  let tool = start();

  // NVML measures PCIe throughput over 20 ms and blocks meanwhile: once a second, in a child of its own.
  let dmonHead: string[] = [];
  const throughputRetry = createRetry();
  const onThroughput = (line: string) => {
    if (/^\s*#/.test(line)) {
      dmonHead = /\bgpu\b/.test(line) ? [line] : [...dmonHead.slice(0, 1), line];
      return;
    }
    if (dmonHead.length < 2 || smiFailure(line) !== null) return;
    try {
      const { snapshots } = parseSmiDmon([...dmonHead, line].join("\n"), "nvidia-smi dmon");
      waiting.push({ timeNs: context.nowNs(), readings: snapshots.flatMap((s) => s.readings) });
      throughputRetry.succeeded();
    } catch {
      // Text in the place of a row; the other child says what is wrong.
    }
  };
  const startThroughput = (): LineTool => {
    dmonHead = [];
    return startLineTool(["nvidia-smi", "dmon", "-s", "t", "-d", "1"], onThroughput);
  };
  let throughput = startThroughput();

  let nextDetailNs = 0;
  const readDetail = async () => {
    const { code, stdout } = await runTool(["nvidia-smi", "-q", "-x"], { timeoutMs: 20_000 });
    if (code !== 0 || closed) return;
    try {
      const [snapshot] = parseSmiXml(stdout, "nvidia-smi -q -x").snapshots;
      const known = new Set(header?.fields.map(({ field }) => field.field) ?? []);
      waiting.push({
        timeNs: context.nowNs(),
        readings: snapshot.readings.filter((r) =>
          r.device.includes("/") || (!known.has(r.field) && !r.field.startsWith("pcie_rx") &&
            !r.field.startsWith("pcie_tx") && !r.field.endsWith("_flag"))
        ),
      });
    } catch {
      // The counters of the query go on without the details.
    }
  };

  const end = (sink: SampleSink, ended: { code: number | null; startError: string | null }) => {
    const why = said ?? smiExitReason(ended.code) ??
      `nvidia-smi ended with ${ended.code ?? ended.startError}`;
    problem ??= why;
    sink.at(context.nowNs());
    book.lose(sink, why);
    // A GPU that was reset comes back: try again, ever more rarely.
    if (retry.due(context.nowNs())) tool = start();
  };

  return {
    sample(sink) {
      waiting.sort((a, b) => a.timeNs - b.timeNs);
      for (const { timeNs, readings } of waiting.splice(0)) {
        sink.at(timeNs);
        for (const one of readings) book.push(sink, one);
      }
      const ended = tool.ended();
      if (ended !== null) end(sink, ended);
      // What ends the loop ends this one too, and with the GPU its throughput is back.
      if (throughput.ended() !== null && throughputRetry.due(context.nowNs())) {
        throughput = startThroughput();
      }
      const nowNs = context.nowNs();
      for (const [device, atNs] of seenNs) {
        if (!alive || nowNs - atNs < GONE_NS + 2e6 * intervalMs) continue;
        problem ??= `${device} is no longer listed`;
        sink.at(nowNs);
        book.lose(sink, "the GPU is no longer listed", device);
        seenNs.delete(device);
      }
      if (nowNs >= nextDetailNs) {
        nextDetailNs = nowNs + DETAIL_NS;
        readDetail();
      }
    },
    failure: () => problem,
    close: async () => {
      closed = true;
      await Promise.all([tool.stop(), throughput.stop()]);
    },
  };
}

export const source: Source = {
  name: "nvidia-smi",
  summary: "counters of NVIDIA GPUs through nvidia-smi in loop mode, where NVML cannot be read",
  minIntervalNs: FASTEST_MS * 1e6,
  standsInFor: "nvml",
  probe,
  open: async (context) => open(context, (await askSmi()).columns),
};
