import type { Json } from "../model/json.ts";
import type { SampleSeries } from "../model/trace/samples.ts";

/**
 * A source of counters: one file under `src/collect/sources/`, exporting `source`. A source never throws
 * out of `sample`: a reading it cannot have is pushed as null with the reason.
 */
export interface Source {
  /** Kebab-case: `block`, `nvidia-smi`. */
  readonly name: string;
  readonly summary: string;
  /**
   * Shortest time between samples in nanoseconds; 0 when the recorder's interval holds. However slow, a
   * source is also sampled at the very start and at the very end, so that deltas cover the whole run.
   */
  readonly minIntervalNs: number;
  /** Source that reads the same counters better: this one is left out where that one can be read. */
  readonly standsInFor?: string;
  /** What can be read here and, when nothing can, why and what to do about it. */
  probe(context: SourceContext): Promise<SourceProbe>;
  /** Starts reading; called only after `probe` said `ok` or `partial`. */
  open(context: SourceContext): Promise<OpenSource>;
}

export interface SourceContext {
  /** Prefix of absolute paths, "" on a real machine; tests point it at a recorded tree. */
  readonly root: string;
  /** The recorder's interval in nanoseconds. */
  readonly intervalNs: number;
  /** Whether a process tree is recorded: a command will be started, or a process is attached to. */
  readonly follows: boolean;
  /** The root of the recorded process tree; null before it starts and when there is none. */
  pid(): number | null;
  /** Nanoseconds since the start of the run, by the monotonic clock. */
  nowNs(): number;
  /** Serving engines to listen to; absent when none was named. */
  readonly live?: LiveEndpoints;
}

/** What a running engine offers, and what becomes of it. */
export interface LiveEndpoints {
  /** URLs of Prometheus pages. */
  readonly scrape: readonly string[];
  /** `tcp://host:port` of ZeroMQ publishers of KV events. */
  readonly kvEvents: readonly string[];
  /** Whether names of blocks are salted and hashed on arrival. */
  readonly scrub: boolean;
  /** Beginning of the paths of files that are kept until the run is stored. */
  readonly filePrefix: string;
}

export interface SourceProbe {
  readonly status: "ok" | "partial" | "absent" | "denied";
  readonly reason: string | null;
  readonly remedy: string | null;
  /** What would be read, one item a device, for `doctor` and `record --dry-run`. */
  readonly devices: readonly string[];
  /** Facts of each device for the run's fingerprint (model, capacity, driver), no serial numbers. */
  readonly facts?: { readonly [device: string]: Json };
}

export interface OpenSource {
  /** Reads now and pushes into the sink. */
  sample(sink: SampleSink): void | Promise<void>;
  /** Non-null once the source lost a device or its tool: why. */
  failure(): string | null;
  close(): Promise<void>;
}

export interface SampleSink {
  /** Number of a series; the same series gives the same number. */
  series(definition: SampleSeries): number;
  push(series: number, value: number | null, reason?: string): void;
  /** Readings pushed from here on were taken at this time of the run, not at the time of the call. */
  at(timeNs: number): void;
}
