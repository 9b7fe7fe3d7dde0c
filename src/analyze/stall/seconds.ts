import { boundTimeShare } from "../../model/trace/time_share.ts";
import { layeredDevices } from "../layered.ts";
import type { SampleColumns, SampleSeries } from "../../model/trace/samples.ts";

/** Rates and means of one second of a run; NaN where nothing was read. */
export interface SecondsTable {
  /** Seconds of the run, the last one perhaps in part. */
  readonly count: number;
  /** Whether a GPU source gave any reading. */
  readonly hasGpu: boolean;
  /** Mean over GPUs. */
  readonly smActive: Float64Array;
  readonly utilization: Float64Array;
  /** The busier direction of the busiest GPU. */
  readonly pcieBytes: Float64Array;
  readonly readBytes: Float64Array;
  readonly writeBytes: Float64Array;
  /** Share of the second in which the busiest disk had requests. */
  readonly diskBusy: Float64Array;
  /** Shares of the second in which a task, and every task, waited. */
  readonly ioSome: Float64Array;
  readonly ioFull: Float64Array;
  readonly cpuSome: Float64Array;
  readonly memorySome: Float64Array;
  readonly cpuBusy: Float64Array;
}

/** Takes an amount (of a counter) or a value (of a gauge) for a span of time. */
type Sink = (fromNs: number, toNs: number, value: number) => void;

const NS = 1e9;
const GPU = /^(nvml|nvidia-smi|dcgm)$/;

/** A grid of devices by seconds that grows with the devices. */
function createGrid(count: number, initial: number) {
  const rows: Float64Array[] = [];
  return {
    row: (device: number): Float64Array => {
      while (rows.length <= device) rows.push(new Float64Array(count).fill(initial));
      return rows[device];
    },
    rows,
  };
}

/** Adds `amount` over a span of time to the seconds it covers, each by its share. */
function spread(
  row: Float64Array,
  fromNs: number,
  toNs: number,
  amount: number,
): void {
  const span = toNs - fromNs;
  if (span <= 0) return;
  const last = Math.min(row.length - 1, Math.floor((toNs - 1) / NS));
  for (let second = Math.floor(fromNs / NS); second <= last; second++) {
    const part = Math.min(toNs, (second + 1) * NS) - Math.max(fromNs, second * NS);
    row[second] = (Number.isNaN(row[second]) ? 0 : row[second]) + amount * (part / span);
  }
}

/** What a series feeds: which quantity, and of which device within it. */
interface Feed {
  readonly quantity: string;
  readonly counter: boolean;
}

function feedOf({ source, device, field }: SampleSeries): Feed | null {
  const counter = (quantity: string): Feed => ({ quantity, counter: true });
  const gauge = (quantity: string): Feed => ({ quantity, counter: false });
  if (GPU.test(source) && !device.includes("/")) {
    if (field === "sm_active_ratio") return gauge("smActive");
    if (field === "utilization_ratio") return gauge("utilization");
    if (field === "pcie_rx_bytes_per_second") return gauge("pcieRx");
    if (field === "pcie_tx_bytes_per_second") return gauge("pcieTx");
    return null;
  }
  if (source === "block") {
    if (field === "read_bytes") return counter("readBytes");
    if (field === "write_bytes") return counter("writeBytes");
    if (field === "busy_seconds") return counter("diskBusy");
  }
  if (source === "pressure" && field === "some_stall_seconds") {
    return device === "io"
      ? counter("ioSome")
      : device === "cpu"
      ? counter("cpuSome")
      : counter("memorySome");
  }
  if (source === "pressure" && field === "full_stall_seconds" && device === "io") {
    return counter("ioFull");
  }
  if (source === "cpu") {
    if (field === "idle_seconds" || field === "iowait_seconds") return counter("cpuIdle");
    if (/^(user|nice|system|irq|softirq|steal)_seconds$/.test(field)) return counter("cpuWorked");
  }
  return null;
}

/** Puts samples into seconds, batch by batch, in memory bounded by seconds times devices. */
export interface SecondsBuilder {
  add(batch: SampleColumns): void;
  table(): SecondsTable;
}

const MOST_SECONDS = 7 * 86_400;

/**
 * @param fromNs, toNs The part of the run that counts; its seconds begin at `fromNs`.
 * @param maxGapNs Longest time between two readings that a value is carried over.
 */
export function createSecondsBuilder(
  series: readonly SampleSeries[],
  fromNs: number,
  toNs: number,
  maxGapNs: number,
): SecondsBuilder {
  const count = Math.min(MOST_SECONDS, Math.max(1, Math.ceil((toNs - fromNs) / NS)));
  const sums = new Map<string, ReturnType<typeof createGrid>>();
  const weights = new Map<string, ReturnType<typeof createGrid>>();
  const devices = new Map<string, number>();
  const grid = (map: Map<string, ReturnType<typeof createGrid>>, quantity: string) => {
    let found = map.get(quantity);
    if (found === undefined) map.set(quantity, found = createGrid(count, NaN));
    return found;
  };
  // A run may have grown series while it is read: they are looked up when they first come.
  const sinks: (Sink | null | undefined)[] = [];
  const lastTime: number[] = [];
  const lastValue: number[] = [];
  const feeds: (Feed | null)[] = [];
  let hasGpu = false;

  const open = (id: number): void => {
    const definition = series[id];
    const feed = feedOf(definition);
    feeds[id] = feed;
    lastTime[id] = NaN;
    lastValue[id] = NaN;
    if (feed === null) {
      sinks[id] = null;
      return;
    }
    // Parts of one quantity of one device (user and system time) share a row.
    const key = `${feed.quantity}\0${definition.source}\0${definition.device}`;
    const device = devices.get(key) ??
      [...devices.keys()].filter((k) => k.startsWith(`${feed.quantity}\0`)).length;
    devices.set(key, device);
    if (GPU.test(definition.source)) hasGpu = true;
    const own = grid(sums, feed.quantity).row(device);
    const weight = feed.counter ? null : grid(weights, feed.quantity).row(device);
    sinks[id] = (from, to, value) => {
      if (weight === null) spread(own, from, to, value);
      else {
        spread(own, from, to, value * (to - from));
        spread(weight, from, to, to - from);
      }
    };
  };

  return {
    add: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const id = batch.series[i];
        if (sinks[id] === undefined) open(id);
        const sink = sinks[id];
        if (sink === null || sink === undefined) continue;
        const value = batch.value[i];
        const time = batch.timeNs[i] - fromNs;
        const before = lastTime[id];
        if (Number.isNaN(value)) {
          // A gauge holds until the reading that says it is unknown, and not beyond.
          const until = Math.min(time, toNs - fromNs);
          const since = Math.max(0, before);
          if (!feeds[id]!.counter && time - before <= maxGapNs && until > since) {
            sink(since, until, lastValue[id]);
          }
          lastTime[id] = NaN;
          continue;
        }
        const from = Math.max(0, before);
        const to = Math.min(time, toNs - fromNs);
        if (!Number.isNaN(before) && time > before && time - before <= maxGapNs && to > from) {
          if (feeds[id]!.counter) {
            const step = value - lastValue[id];
            // A counter that fell was reset and counts from its new value.
            const grown = step < 0 ? value : step;
            sink(from, to, grown * ((to - from) / (time - before)));
          } else sink(from, to, lastValue[id]);
        }
        lastTime[id] = time;
        lastValue[id] = value;
      }
    },
    table: () => {
      // In the order of their rows.
      const namesOf = (quantity: string): string[] =>
        [...devices.keys()].filter((key) => key.startsWith(`${quantity}\0`))
          .map((key) => key.split("\0")[2]);
      const combine = (quantity: string, merge: (a: number, b: number) => number): Float64Array => {
        const out = new Float64Array(count).fill(NaN);
        const rows = sums.get(quantity)?.rows ?? [];
        const names = namesOf(quantity);
        const layered = layeredDevices(names);
        rows.forEach((row, device) => {
          if (layered.has(names[device])) return;
          const weight = weights.get(quantity)?.rows[device];
          for (let s = 0; s < count; s++) {
            const value = weight === undefined ? row[s] : row[s] / weight[s];
            if (Number.isNaN(value)) continue;
            out[s] = Number.isNaN(out[s]) ? value : merge(out[s], value);
          }
        });
        return out;
      };
      const add = (a: number, b: number) => a + b;
      const mean = (quantity: string): Float64Array => {
        const total = combine(quantity, add);
        const rows = sums.get(quantity)?.rows ?? [];
        for (let s = 0; s < count; s++) {
          let known = 0;
          for (const row of rows) if (!Number.isNaN(row[s])) known++;
          if (known > 1) total[s] /= known;
        }
        return total;
      };
      const share = (quantity: string) => combine(quantity, Math.max).map(boundTimeShare);
      const rx = combine("pcieRx", Math.max);
      const tx = combine("pcieTx", Math.max);
      const worked = combine("cpuWorked", add);
      const idle = combine("cpuIdle", add);
      return {
        count,
        hasGpu,
        smActive: mean("smActive"),
        utilization: mean("utilization"),
        pcieBytes: rx.map((value, s) =>
          Number.isNaN(value) ? tx[s] : Number.isNaN(tx[s]) ? value : Math.max(value, tx[s])
        ),
        readBytes: combine("readBytes", add),
        writeBytes: combine("writeBytes", add),
        diskBusy: share("diskBusy"),
        ioSome: share("ioSome"),
        ioFull: share("ioFull"),
        cpuSome: share("cpuSome"),
        memorySome: share("memorySome"),
        cpuBusy: worked.map((value, s) => {
          const all = value + (Number.isNaN(idle[s]) ? 0 : idle[s]);
          return all > 0 ? value / all : NaN;
        }),
      };
    },
  };
}
