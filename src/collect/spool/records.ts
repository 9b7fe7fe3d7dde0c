import type { SourceStatus } from "../../model/results.ts";
import type { Json } from "../../model/json.ts";
import type { ProcessIdentity } from "../../runtime/host.ts";

/** The first record of a spool: enough to load the run when nothing else but samples follows. */
export interface SpoolHeader {
  readonly format: "spillway-spool/1";
  readonly toolVersion: string;
  readonly recorder: ProcessIdentity;
  readonly name: string;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** Wall clock at time 0 of the run, nanoseconds since 1970, decimal. */
  readonly startedUnixNs: string;
  readonly intervalNs: number;
  readonly fingerprint: { readonly [key: string]: Json };
}

/** What the recorder measured of itself. */
export interface RecorderState {
  readonly ticks: number;
  readonly missedTicks: number;
  readonly latenessP50Ns: number;
  readonly latenessP99Ns: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** Written every second, so that a killed run still knows its sources. */
export interface SpoolState {
  readonly timeNs: number;
  /** Wall clock at time 0; more exact than the header's, which was written before the first reading. */
  readonly startedUnixNs: string;
  readonly recorder: RecorderState;
  readonly sources: readonly SourceStatus[];
}

export interface SpoolMark {
  readonly name: string;
  readonly timeNs: number;
}

/** The last record of a run that ended in order. */
export interface SpoolFooter {
  readonly durationNs: number;
  readonly exit: { readonly code: number | null; readonly signal: string | null };
  readonly recorder: RecorderState;
  readonly sources: readonly SourceStatus[];
  /** Why the run is partial although it ended in order; null when it is complete. */
  readonly partialReason: string | null;
}
