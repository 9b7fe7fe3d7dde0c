import { dataError } from "../model/errors.ts";

/** One direction of a fio job. Times are seconds; null where fio counted nothing. */
export interface FioDirection {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  readonly iops: number;
  readonly operations: number;
  readonly latencyP50Seconds: number | null;
  readonly latencyP99Seconds: number | null;
}

export interface FioJob {
  readonly name: string;
  /** errno of the job, 0 when it went well. */
  readonly error: number;
  readonly read: FioDirection;
  readonly write: FioDirection;
  readonly syncP50Seconds: number | null;
  readonly options: Readonly<Record<string, string>>;
}

export interface FioResult {
  readonly version: string;
  readonly jobs: readonly FioJob[];
  /** Lines that fio printed before its JSON (notes and errors). */
  readonly preamble: readonly string[];
}

type Loose = Record<string, unknown>;

function record(value: unknown): Loose {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value as Loose : {};
}

function finite(value: unknown): number | null {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** Nanoseconds of a latency object's percentile, as seconds. Keys are strings such as "50.000000". */
function percentile(latency: Loose, percent: number): number | null {
  const entry = Object.entries(record(latency.percentile)).find(([key]) => Number(key) === percent);
  const ns = entry === undefined ? null : finite(entry[1]);
  return ns === null ? null : ns / 1e9;
}

function direction(value: unknown): FioDirection {
  const d = record(value);
  // Old versions say io_kbytes and bw in KiB/s; new ones io_bytes and bw_bytes.
  const bytes = finite(d.io_bytes) ?? (finite(d.io_kbytes) ?? 0) * 1024;
  const latency = record(d.clat_ns ?? d.lat_ns);
  return {
    bytes,
    bytesPerSecond: finite(d.bw_bytes) ?? (finite(d.bw) ?? 0) * 1024,
    iops: finite(d.iops) ?? 0,
    operations: finite(d.total_ios) ?? 0,
    latencyP50Seconds: percentile(latency, 50),
    latencyP99Seconds: percentile(latency, 99),
  };
}

/**
 * Reads what `fio --output-format=json` or `json+` printed, also behind notes or a terse part, which fio
 * prints to the same stream.
 *
 * @param label The place for messages: the file's name.
 * @throws data error when there is no fio JSON, or it is cut short.
 */
export function parseFioJson(text: string, label: string): FioResult {
  const start = text.search(/^\{/m);
  if (start < 0) {
    const first = text.trim().split("\n")[0] ?? "";
    throw dataError(
      `${label}: no fio JSON found, it starts with "${first.slice(0, 60)}"`,
      "run fio with --output-format=json --output=FILE",
    );
  }
  const end = text.lastIndexOf("}");
  let json: unknown;
  try {
    json = JSON.parse(text.slice(start, end + 1));
  } catch {
    const line = text.slice(0, start).split("\n").length;
    throw dataError(
      `${label}:${line}: the fio JSON that starts here is cut short or damaged`,
      "run fio again, and let it end",
    );
  }
  const top = record(json);
  if (typeof top["fio version"] !== "string" || !Array.isArray(top.jobs)) {
    throw dataError(`${label}: JSON without "fio version" and "jobs": it is no fio result`);
  }
  return {
    version: top["fio version"],
    preamble: text.slice(0, start).split("\n").map((l) => l.trim()).filter((l) => l !== ""),
    jobs: top.jobs.map((value) => {
      const job = record(value);
      return {
        name: String(job.jobname ?? ""),
        error: finite(job.error) ?? 0,
        read: direction(job.read),
        write: direction(job.write),
        syncP50Seconds: percentile(record(record(job.sync).lat_ns), 50),
        // What several jobs share stands apart; a job's own options win.
        options: {
          ...record(top["global options"]),
          ...record(job["job options"]),
        } as Record<string, string>,
      };
    }),
  };
}
