import { dataError, usageError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { ReplayDocument } from "../../model/results.ts";
import type { Entry, Store } from "../../store/store.ts";
import { isInWindow, type RunWindow } from "../window.ts";
import { rowsSql } from "./rows.ts";
import { timelineEvents } from "./timeline_events.ts";

/** An event of the Chrome Trace Event Format; `ts` and `dur` are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: "M" | "C" | "i" | "X" | "b" | "e";
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly s?: "g" | "p" | "t";
  readonly cat?: string;
  readonly id?: number;
  readonly args?: { readonly [key: string]: Json };
}

const PID = 1;

function processName(pid: number, text: string): TraceEvent {
  return { name: "process_name", ph: "M", pid, args: { name: text } };
}

function threadName(tid: number, text: string): TraceEvent {
  return { name: "thread_name", ph: "M", pid: PID, tid, args: { name: text } };
}

async function* runEvents(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<TraceEvent> {
  const { record } = await store.run(entry.id);
  yield processName(PID, `${entry.id} ${entry.name}`);
  yield threadName(1, "command");
  yield {
    name: record.command.length === 0 ? "recording" : record.command.join(" "),
    ph: "X",
    ts: 0,
    dur: (window === null ? record.durationNs : window.toNs - window.fromNs) / 1e3,
    pid: PID,
    tid: 1,
    args: { status: record.status, exitCode: record.exit.code },
  };
  const fromNs = window?.fromNs ?? 0;
  for (const mark of record.marks.filter((m) => isInWindow(window, m.timeNs))) {
    yield { name: mark.name, ph: "i", s: "g", ts: (mark.timeNs - fromNs) / 1e3, pid: PID, tid: 1 };
  }
  yield* sampleEvents(store, entry, window);
}

/** A counter track a series. Readings that could not be taken leave a gap. */
async function* sampleEvents(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<TraceEvent> {
  const fromNs = window?.fromNs ?? 0;
  const { rows } = await store.query(
    `SELECT DISTINCT source, field FROM v_series WHERE entry_id = '${entry.id}' ORDER BY 1, 2`,
  );
  for (const [source, field] of rows.map((row) => row.map(String))) {
    for (const { series, timeNs, value } of await store.samples(entry.id, { source, field })) {
      const device = series.device === "" ? "" : ` ${series.device}`;
      const name = `${source}${device} ${field}`;
      for (let i = 0; i < value.length; i++) {
        if (Number.isNaN(value[i]) || !isInWindow(window, timeNs[i])) continue;
        yield {
          name,
          ph: "C",
          ts: (timeNs[i] - fromNs) / 1e3,
          pid: PID,
          args: { [series.unit]: value[i] },
        };
      }
    }
  }
}

/** Turns rows of one kind of trace into events; holds what they need of the rows before. */
type RowEvents = (row: Readonly<Record<string, Json>>) => TraceEvent[];

const number = (value: Json) => (value === null ? 0 : Number(value));

function requestEvents(): RowEvents {
  return (row) => [{
    name: `${row.input_tokens} in, ${row.output_tokens} out`,
    ph: "i",
    s: "t",
    ts: number(row.arrival_ns) / 1e3,
    pid: PID,
    tid: row.session === null ? 0 : number(row.session) + 1,
    args: {
      row: row.row,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      blocks: row.blocks,
    },
  }];
}

/** Bytes asked for and not yet freed, a counter a device. Without times the row stands for microseconds. */
function allocationEvents(): RowEvents {
  const sizes = new Map<Json, number>();
  const live = new Map<Json, number>();
  return (row) => {
    const ts = row.time_ns === null ? number(row.row) : number(row.time_ns) / 1e3;
    if (row.op === "oom") {
      return [{ name: "out of memory", ph: "i", s: "p", ts, pid: PID, args: { bytes: row.size } }];
    }
    if (row.op !== "alloc" && row.op !== "free") return [];
    const bytes = row.op === "alloc" ? number(row.size) : -(sizes.get(row.allocation) ?? 0);
    if (row.op === "alloc") sizes.set(row.allocation, bytes);
    else sizes.delete(row.allocation);
    const total = (live.get(row.device) ?? 0) + bytes;
    live.set(row.device, total);
    return [{ name: `GPU ${row.device} allocated`, ph: "C", ts, pid: PID, args: { bytes: total } }];
  };
}

/** Repairs of one node may overlap, which slices of one thread must not: they are asynchronous. */
function faultEvents(): RowEvents {
  return (row) => {
    const ts = number(row.start_seconds) * 1e6;
    const name = row.node === null ? String(row.kind) : `node ${row.node} ${row.kind}`;
    if (row.down_seconds === null) return [{ name, ph: "i", s: "p", ts, pid: PID }];
    const base = { name, cat: "fault", pid: PID, id: number(row.row) };
    return [
      { ...base, ph: "b", ts },
      { ...base, ph: "e", ts: ts + number(row.down_seconds) * 1e6 },
    ];
  };
}

function ioEvents(): RowEvents {
  return (row) => [{
    name: String(row.op),
    ph: "i",
    s: "t",
    ts: row.time_ns === null ? number(row.row) : number(row.time_ns) / 1e3,
    pid: PID,
    tid: 1,
    args: { file: row.file, offset: row.offset_bytes, bytes: row.length_bytes },
  }];
}

function tensorEvents(): RowEvents {
  return (row) => {
    const id = number(row.row);
    const base = { name: String(row.category), cat: "tensor", pid: PID, tid: 1, id };
    const begin: TraceEvent = {
      ...base,
      ph: "b",
      ts: number(row.start_ns) / 1e3,
      args: { tensor: row.tensor, bytes: row.size_bytes },
    };
    return row.end_ns === null
      ? [begin]
      : [begin, { ...base, ph: "e", ts: number(row.end_ns) / 1e3 }];
  };
}

const ROW_EVENTS: Readonly<Record<string, () => RowEvents>> = {
  requests: requestEvents,
  allocations: allocationEvents,
  faults: faultEvents,
  io: ioEvents,
  tensors: tensorEvents,
};

async function* traceEvents(store: Store, entry: Entry): AsyncGenerator<TraceEvent> {
  const { kind } = await store.trace(entry.id);
  yield processName(PID, `${entry.id} ${entry.name}`);
  if (kind === "samples") return yield* sampleEvents(store, entry, null);
  const events = ROW_EVENTS[kind]();
  const sql = (await rowsSql(store, entry, "perfetto"))
    .replace("EXCLUDE (trace_id)", kind === "requests" ? "EXCLUDE (trace_id, block_ids)" : "$&");
  for await (const { columns, rows } of store.stream(sql)) {
    for (const row of rows) {
      yield* events(Object.fromEntries(columns.map((c, i) => [c.name, row[i]])));
    }
  }
}

async function* replayEvents(store: Store, entry: Entry): AsyncGenerator<TraceEvent> {
  const document = (await store.document("replay", entry.id)).document as ReplayDocument;
  let count = 0;
  for (const [i, result] of document.results.entries()) {
    yield processName(i + 1, `${entry.id} ${result.policy}`);
    for (const event of timelineEvents(result, i + 1)) {
      count++;
      yield event;
    }
    for (const series of result.series ?? []) {
      if (series.xUnit !== "seconds") continue;
      for (const [k, x] of series.x.entries()) {
        const y = series.y[k];
        if (y === null) continue;
        count++;
        yield {
          name: series.title,
          ph: "C",
          ts: x * 1e6,
          pid: i + 1,
          args: { [series.unit]: y },
        };
      }
    }
  }
  if (count === 0) {
    throw dataError(
      `export: replay ${entry.id} has no series over time to draw`,
      `spillway export ${entry.id} --format csv gives its metrics`,
    );
  }
}

/** JSON of the Chrome Trace Event Format, which Perfetto and chrome://tracing open. */
export async function* perfettoExport(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<string> {
  let events: AsyncGenerator<TraceEvent>;
  if (entry.kind === "run") events = runEvents(store, entry, window);
  else if (entry.kind === "trace") events = traceEvents(store, entry);
  else if (entry.kind === "replay") events = replayEvents(store, entry);
  else {
    throw usageError(
      `export: Perfetto draws what has a time axis, but ${entry.id} is a ${entry.kind}`,
      "name a run, a trace or a replay, or use --format json",
    );
  }
  yield `{"displayTimeUnit":"ms","otherData":${
    JSON.stringify({ tool: "spillway", entry: entry.id, name: entry.name })
  },"traceEvents":[\n`;
  let text = "";
  let first = true;
  for await (const event of events) {
    text += (first ? "" : ",\n") + JSON.stringify(event);
    first = false;
    if (text.length > 1 << 20) {
      yield text;
      text = "";
    }
  }
  yield `${text}\n]}\n`;
}
