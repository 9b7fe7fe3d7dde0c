/** A `[memory]` event of a profiler trace. */
export interface KinetoMemoryEvent {
  readonly timeNs: number;
  /** `cpu` for host memory, `gpu 0` and so on. */
  readonly device: string;
  /** Negative when freed. */
  readonly bytes: number;
  /** Null in traces of 2021. */
  readonly address: number | null;
  /** Bytes the allocator held after the event; null when not recorded. */
  readonly totalBytes: number | null;
}

interface RawEvent {
  readonly name?: unknown;
  readonly ts?: unknown;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Microseconds as doubles are exact to a nanosecond only relative to the first event. */
const NS_PER_US = 1000;

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/**
 * The memory events of a profiler trace in time order (then by event index). Out-of-memory events, which move no
 * bytes, are left out.
 *
 * @param document A parsed trace: an object with `traceEvents`, or the bare list of them.
 * @returns null when it is no trace; `damaged` counts memory events without size or time.
 */
export function kinetoMemoryEvents(
  document: unknown,
): { events: KinetoMemoryEvent[]; damaged: number } | null {
  const list = Array.isArray(document)
    ? document
    : (document as { traceEvents?: unknown } | null)?.traceEvents;
  if (!Array.isArray(list)) return null;
  const found: { at: number; order: number; event: Omit<KinetoMemoryEvent, "timeNs"> }[] = [];
  let damaged = 0;
  list.forEach((raw: RawEvent | null, i) => {
    if (raw === null || typeof raw !== "object" || raw.name !== "[memory]") return;
    const args = raw.args ?? {};
    const [at, bytes] = [numberOf(raw.ts), numberOf(args.Bytes)];
    if (at === null || bytes === null || !Number.isSafeInteger(bytes)) {
      damaged++;
      return;
    }
    const type = numberOf(args["Device Type"]) ?? 0;
    const device = type === 0 ? "cpu" : `gpu ${numberOf(args["Device Id"]) ?? 0}`;
    const order = numberOf(args["Ev Idx"]) ?? i;
    found.push({
      at,
      order,
      event: {
        device,
        bytes,
        address: numberOf(args.Addr),
        totalBytes: numberOf(args["Total Allocated"]),
      },
    });
  });
  found.sort((a, b) => a.at - b.at || a.order - b.order);
  const base = found[0]?.at ?? 0;
  return {
    events: found.map(({ at, event }) => ({
      ...event,
      timeNs: Math.round((at - base) * NS_PER_US),
    })),
    damaged,
  };
}
