import type { StoragePoint } from "../../model/profiles/hardware.ts";
import { type Fio, type FioOptions, type FioSample, sampleFsync, sampleWithFio } from "./fio.ts";
import { type Measurement, summarise, toQuantity } from "./measurement.ts";
import { describePoint, isSamePoint, MAIN_POINTS, STORAGE_PLAN } from "./storage_plan.ts";

export interface MeasuredStorage {
  /** The single numbers of a profile. */
  readonly measurements: readonly Measurement[];
  readonly points: readonly StoragePoint[];
}

/**
 * Measures every point of the plan in rounds, so that a device that drifts does so under all of them.
 *
 * @param asOf Day of the measurement, ISO 8601.
 */
export async function measureStorage(
  fio: Fio,
  options: FioOptions & { readonly repeats: number },
  asOf: string,
  progress: (done: number, total: number, what: string) => void,
): Promise<MeasuredStorage> {
  const samples: FioSample[][] = STORAGE_PLAN.map(() => []);
  const fsync: number[] = [];
  const total = options.repeats * (STORAGE_PLAN.length + 1);
  let done = 0;
  for (let round = 0; round < options.repeats; round++) {
    for (const [i, point] of STORAGE_PLAN.entries()) {
      progress(done++, total, describePoint(point));
      samples[i].push(await sampleWithFio(fio, point, options));
    }
    progress(done++, total, "fsync after 4 KiB");
    fsync.push(await sampleFsync(options));
  }
  const method = (what: string) => `${fio.version} ${fio.engine}: ${what}, ${options.seconds} s`;
  const of = (i: number, pick: (s: FioSample) => number | null, unit: Measurement["unit"]) => {
    const values = samples[i].map(pick).filter((v) => v !== null);
    const what = method(describePoint(STORAGE_PLAN[i]));
    return values.length === 0 ? null : summarise("point", unit, values, what);
  };
  const points = STORAGE_PLAN.map((point, i): StoragePoint => {
    const quantity = (m: Measurement | null) => m === null ? undefined : toQuantity(m, asOf);
    return {
      ...point,
      bytesPerSecond: toQuantity(of(i, (s) => s.bytesPerSecond, "bytesPerSecond")!, asOf),
      operationsPerSecond: toQuantity(of(i, (s) => s.operationsPerSecond, "perSecond")!, asOf),
      latencyP50Seconds: quantity(of(i, (s) => s.latencyP50Seconds, "seconds")),
      latencyP99Seconds: quantity(of(i, (s) => s.latencyP99Seconds, "seconds")),
    };
  });
  const main = (
    id: string,
    point: keyof typeof MAIN_POINTS,
    pick: (s: FioSample) => number | null,
    unit: Measurement["unit"],
  ): Measurement[] => {
    const found = of(STORAGE_PLAN.findIndex((p) => isSamePoint(p, MAIN_POINTS[point])), pick, unit);
    return found === null ? [] : [{ ...found, id }];
  };
  return {
    points,
    measurements: [
      ...main(
        "sequential_read_bytes_per_second",
        "read",
        (s) => s.bytesPerSecond,
        "bytesPerSecond",
      ),
      ...main(
        "sequential_write_bytes_per_second",
        "write",
        (s) => s.bytesPerSecond,
        "bytesPerSecond",
      ),
      ...main("random_read_iops", "readIops", (s) => s.operationsPerSecond, "perSecond"),
      ...main("random_write_iops", "writeIops", (s) => s.operationsPerSecond, "perSecond"),
      ...main("read_latency_seconds", "readLatency", (s) => s.latencyP50Seconds, "seconds"),
      ...main("write_latency_seconds", "writeLatency", (s) => s.latencyP50Seconds, "seconds"),
      summarise("fsync_seconds", "seconds", fsync, method("fsync after each 4 KiB write, median")),
    ],
  };
}
