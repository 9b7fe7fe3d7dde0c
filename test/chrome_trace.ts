import { z } from "zod";

const base = { name: z.string().min(1), pid: z.number().int() };
const timed = { ...base, ts: z.number().nonnegative(), tid: z.number().int().optional() };
const args = z.record(z.string(), z.unknown()).optional();

/** The phases of the Chrome Trace Event Format that Spillway writes, each with what it must have. */
const event = z.discriminatedUnion("ph", [
  z.strictObject({
    ...base,
    ph: z.literal("M"),
    name: z.enum(["process_name", "thread_name"]),
    tid: z.number().int().optional(),
    args: z.strictObject({ name: z.string() }),
  }),
  z.strictObject({ ...timed, ph: z.literal("C"), args: z.record(z.string(), z.number()) }),
  z.strictObject({ ...timed, ph: z.literal("i"), s: z.enum(["g", "p", "t"]), args }),
  z.strictObject({
    ...timed,
    ph: z.literal("X"),
    tid: z.number().int(),
    dur: z.number().nonnegative(),
    cat: z.string().optional(),
    args,
  }),
  z.strictObject({ ...timed, ph: z.enum(["b", "e"]), cat: z.string(), id: z.number(), args }),
]);

export type ChromeTraceEvent = z.infer<typeof event>;

type Slice = Extract<ChromeTraceEvent, { ph: "X" }>;

/** Slices of one thread lie one inside the other or apart; Perfetto drops what crosses. */
function checkNesting(slices: readonly Slice[]): void {
  const threads = Map.groupBy(slices, (e) => `${e.pid}/${e.tid}`);
  for (const [thread, own] of threads) {
    const open: number[] = [];
    for (const { ts, dur, name } of own.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      const slack = 1e-6 * Math.max(1, ts);
      while (open.length > 0 && open.at(-1)! <= ts + slack) open.pop();
      if (open.length > 0 && ts + dur > open.at(-1)! + slack) {
        throw new Error(`thread ${thread}: slice "${name}" at ${ts} us crosses the one around it`);
      }
      open.push(ts + dur);
    }
  }
}

/** Every asynchronous end has a beginning before it, and none begins twice. */
function checkPairs(events: readonly ChromeTraceEvent[]): void {
  const begun = new Map<string, number>();
  for (const e of events) {
    if (e.ph !== "b" && e.ph !== "e") continue;
    const key = `${e.pid}/${e.cat}/${e.id}/${e.name}`;
    const start = begun.get(key);
    if ((e.ph === "b") !== (start === undefined)) throw new Error(`${key} does not pair`);
    if (e.ph === "b") begun.set(key, e.ts);
    else if (e.ts < start!) throw new Error(`${key} ends before it begins`);
  }
}

/**
 * Parses a Chrome trace strictly: its schema, the nesting of slices and the pairs of asynchronous events.
 *
 * @throws {Error} where Perfetto would drop or misplace an event.
 */
export function readTraceEvents(text: string): ChromeTraceEvent[] {
  const events = z.array(event).parse(JSON.parse(text).traceEvents);
  checkNesting(events.filter((e): e is Slice => e.ph === "X"));
  checkPairs(events);
  return events;
}
