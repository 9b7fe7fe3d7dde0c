import { messageOf } from "../../model/errors.ts";
import type { CounterRecording, Reading } from "../../parse/reading.ts";
import { type LineTool, runTool, startLineTool } from "../../runtime/tool.ts";
import { createRetry } from "../gpu/retry.ts";
import { createSeriesBook } from "../gpu/series_book.ts";
import type { OpenSource, Source, SourceContext, SourceProbe } from "../source.ts";

/** One tool of Intel PCM in its loop mode, once a second: what it prints for a sample is then a rate. */
export interface PcmTool {
  readonly name: "pcm-pcie" | "pcm-iio";
  readonly summary: string;
  readonly options: readonly string[];
  readonly isHeader: (line: string) => boolean;
  readonly isRow: (line: string) => boolean;
  readonly parse: (text: string, label: string) => CounterRecording;
}

const SECOND_NS = 1e9;

/** What a PCM tool wrote to stderr that explains why it has no values: banners, notes and lists aside. */
export function pcmProblem(stderr: string): string | null {
  const lines = stderr.split("\n")
    .map((line) =>
      line.replace(/\s+/g, " ").replace(/\([^()]{60,}$|\((?:[^()]|\([^()]*\)){60,}\)/, "").trim()
    )
    .filter((line) => line !== "" && !/^PCM Info/.test(line));
  const found =
    lines.find((line) => /^error|unsupported|denied|permission|no access/i.test(line)) ??
      lines.find((line) => /is required|can(no|')t|unable|fail/i.test(line)) ?? lines.at(-1);
  return found === undefined
    ? null
    : found.replace(/^error:\s*/i, "").replace(/\s*\.$/, "").slice(0, 160);
}

async function probe(tool: PcmTool): Promise<SourceProbe> {
  const ran = await runTool([tool.name, "0.1", ...tool.options, "-i=1"], { timeoutMs: 10_000 });
  const none = { devices: [] as string[] };
  if (ran.startError !== null) {
    const denied = ran.startError === "EACCES";
    return {
      ...none,
      status: denied ? "denied" : "absent",
      reason: denied ? `${tool.name} may not be started` : `${tool.name} is not installed`,
      remedy: "install pcm (Intel Performance Counter Monitor), when this is a server of Intel's",
    };
  }
  const devices = new Set<string>();
  let header: string | null = null;
  for (const line of ran.stdout.split("\n")) {
    if (tool.isHeader(line)) header = line;
    else if (header !== null && tool.isRow(line)) {
      for (const { device } of rowOf(tool, header, line)) devices.add(device);
    }
  }
  if (devices.size > 0) {
    return { status: "ok", reason: null, remedy: null, devices: [...devices] };
  }
  const said = pcmProblem(ran.stderr) ?? pcmProblem(ran.stdout) ??
    `it ended with ${ran.code ?? ran.signal}`;
  const denied = /denied|permission|root|privilege/i.test(said);
  return {
    ...none,
    status: denied ? "denied" : "absent",
    reason: ran.timedOut ? `${tool.name} did not answer in 10 s` : `${tool.name}: ${said}`,
    remedy: denied ? "run as root, with the module msr loaded (modprobe msr)" : null,
  };
}

/** Readings of one row; none where text stands in the place of a row. Samples of a second are rates. */
function rowOf(tool: PcmTool, header: string, row: string): Reading[] {
  try {
    const { snapshots } = tool.parse(`${header}\n${row}`, tool.name);
    return snapshots.flatMap((s) => s.readings).map((r) =>
      r.field.endsWith("_per_sample")
        ? {
          ...r,
          field: r.field.replace(/_per_sample$/, "_per_second"),
          unit: r.unit === "bytes" ? "bytesPerSecond" : "perSecond",
        }
        : r
    );
  } catch {
    return [];
  }
}

function open(tool: PcmTool, context: SourceContext): OpenSource {
  const book = createSeriesBook(tool.name);
  const retry = createRetry();
  const waiting: { timeNs: number; readings: Reading[] }[] = [];
  let header: string | null = null;
  let errors: string[] = [];
  let problem: string | null = null;

  const start = (): LineTool => {
    header = null;
    errors = [];
    return startLineTool([tool.name, "1", ...tool.options], (line, stream) => {
      if (stream === "stderr") {
        // The tool says on stderr what it is; only its last words can explain an end.
        errors = [...errors.slice(-30), line];
        return;
      }
      if (tool.isHeader(line)) header = line;
      else if (header !== null && tool.isRow(line)) {
        const readings = rowOf(tool, header, line);
        if (readings.length === 0) return;
        waiting.push({ timeNs: context.nowNs(), readings });
        retry.succeeded();
      }
    });
  };
  let running = start();

  return {
    sample(sink) {
      for (const { timeNs, readings } of waiting.splice(0)) {
        sink.at(timeNs);
        for (const one of readings) book.push(sink, one);
      }
      const ended = running.ended();
      if (ended === null) return;
      const why = `${tool.name} ended: ${
        pcmProblem(errors.join("\n")) ?? messageOf(ended.startError ?? `code ${ended.code}`)
      }`;
      problem ??= why;
      sink.at(context.nowNs());
      book.lose(sink, why);
      if (retry.due(context.nowNs())) running = start();
    },
    failure: () => problem,
    close: () => running.stop(),
  };
}

/** The source of a PCM tool. */
export function pcmSource(tool: PcmTool): Source {
  return {
    name: tool.name,
    summary: tool.summary,
    minIntervalNs: SECOND_NS,
    probe: () => probe(tool),
    open: (context) => Promise.resolve(open(tool, context)),
  };
}
