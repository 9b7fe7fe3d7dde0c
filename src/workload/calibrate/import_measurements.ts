import { counted } from "../../model/plural.ts";
import { dataError } from "../../model/errors.ts";
import type { StoragePoint } from "../../model/profiles/hardware.ts";
import { parseFioJson } from "../../parse/fio_json.ts";
import { looksLikeGdsio, parseGdsio } from "../../parse/gdsio.ts";
import { looksLikeNixlbench, parseNixlbench } from "../../parse/nixlbench.ts";
import { looksLikeNvbandwidth, parseNvbandwidth } from "../../parse/nvbandwidth.ts";
import { parseBytes } from "../../model/units.ts";
import { type Measurement, summarise, toQuantity } from "./measurement.ts";

/** What another tool's output gives a profile. */
export interface Imported {
  /** What was recognised, for people. */
  readonly what: string;
  readonly measurements: readonly Measurement[];
  readonly points: readonly StoragePoint[];
}

/**
 * Reads measurements that another tool made: nvbandwidth (JSON or text), gdsio, nixlbench, fio JSON; which
 * one it is follows from the content.
 *
 * @param asOf Day that the profile's numbers carry.
 * @throws data error when it is none of them, or cannot be read.
 */
export function importMeasurements(text: string, label: string, asOf: string): Imported {
  if (looksLikeNvbandwidth(text)) return fromNvbandwidth(text, label);
  if (looksLikeGdsio(text)) return fromGdsio(text, label);
  if (looksLikeNixlbench(text)) return fromNixlbench(text, label);
  if (text.includes('"fio version"')) return fromFio(text, label, asOf);
  throw dataError(
    `${label}: no output of nvbandwidth, gdsio, nixlbench or fio`,
    "give what nvbandwidth -j, gdsio, nixlbench or fio --output-format=json printed",
  );
}

function fromNvbandwidth(text: string, label: string): Imported {
  const result = parseNvbandwidth(text, label);
  const tool = `nvbandwidth ${result.version ?? "of an unknown version"}` +
    (result.driver === null ? "" : `, driver ${result.driver}`);
  const all = (test: string) =>
    result.tests.find((t) => t.name === test && t.bytesPerSecond.length > 0)?.bytesPerSecond;
  const rate = (id: string, test: string, times = 1): Measurement[] => {
    const values = all(test)?.map((value) => value * times);
    const method = `${tool}: ${test}, one value a GPU` +
      (times === 1 ? "" : `, times ${times}: each byte copied is read and written`);
    return values === undefined ? [] : [summarise(id, "bytesPerSecond", values, method)];
  };
  const down = all("host_to_device_memcpy_ce");
  const both = all("host_to_device_bidirectional_memcpy_ce");
  // The test reports the one direction while the other one runs.
  const duplex = down === undefined || both === undefined || down.length !== both.length
    ? []
    : [summarise(
      "duplex_ratio",
      "ratio",
      down.map((alone, i) => both[i] / alone),
      `${tool}: host_to_device_bidirectional_memcpy_ce over host_to_device_memcpy_ce`,
    )];
  return {
    what: `${tool}: ${result.tests.length} tests`,
    measurements: [
      ...rate("host_to_device_bytes_per_second", "host_to_device_memcpy_ce"),
      ...rate("device_to_host_bytes_per_second", "device_to_host_memcpy_ce"),
      ...rate("gpu_to_gpu_bytes_per_second", "device_to_device_memcpy_read_ce"),
      ...rate("hbm_bytes_per_second", "device_local_copy", 2),
      ...duplex,
    ],
    points: [],
  };
}

function fromGdsio(text: string, label: string): Imported {
  const runs = parseGdsio(text, label);
  const ofPath = (direction: "read" | "write", path: string) => {
    const found = runs.filter((r) => r.direction === direction && r.path === path);
    // Small requests say nothing of the bandwidth: the best run counts.
    const best = found.reduce<typeof found[number] | null>(
      (a, b) => a === null || b.bytesPerSecond > a.bytesPerSecond ? b : a,
      null,
    );
    return best === null ? [] : [summarise(
      `${path === "CPUONLY" ? "sequential" : "storage_to_gpu"}_${direction}_bytes_per_second`,
      "bytesPerSecond",
      [best.bytesPerSecond],
      `gdsio ${path}: ${best.threads} threads, ${best.ioBytes} B, the best of ${found.length}`,
    )];
  };
  return {
    what: `gdsio: ${counted(runs.length, "run")}`,
    measurements: (["read", "write"] as const).flatMap((direction) => [
      ...ofPath(direction, "GPUD"),
      ...ofPath(direction, "CPUONLY"),
    ]),
    points: [],
  };
}

function fromNixlbench(text: string, label: string): Imported {
  const { direction, backend, rows } = parseNixlbench(text, label);
  if (direction === null) {
    throw dataError(
      `${label}: the output of nixlbench does not say whether it read or wrote`,
      "keep the configuration that it prints before its table",
    );
  }
  const best = rows.reduce((a, b) => b.bytesPerSecond > a.bytesPerSecond ? b : a);
  return {
    what: `nixlbench ${backend ?? "of an unknown backend"}: ${counted(rows.length, "row")}`,
    measurements: [summarise(
      `sequential_${direction}_bytes_per_second`,
      "bytesPerSecond",
      [best.bytesPerSecond],
      `nixlbench ${
        backend ?? ""
      }: blocks of ${best.blockBytes} B, batch ${best.batch}, the best of ${rows.length}`,
    )],
    points: [],
  };
}

const FIO_ACCESS: Readonly<Record<string, "sequential" | "random">> = {
  read: "sequential",
  write: "sequential",
  rw: "sequential",
  readwrite: "sequential",
  randread: "random",
  randwrite: "random",
  randrw: "random",
};

function fromFio(text: string, label: string, asOf: string): Imported {
  const result = parseFioJson(text, label);
  const measurements: Measurement[] = [];
  const points: StoragePoint[] = [];
  for (const job of result.jobs) {
    if (job.error !== 0) {
      throw dataError(
        `${label}: job "${job.name}" failed with errno ${job.error}`,
        "run fio again",
      );
    }
    const { options } = job;
    const kind = FIO_ACCESS[(options.rw ?? "").split(":")[0]];
    if (kind === undefined) continue;
    const blockBytes = fioSize(options.bs ?? "4k");
    const queueDepth = Number(options.iodepth ?? 1) * Number(options.numjobs ?? 1);
    const cache = options.direct === "1" ? "direct" as const : "page-cache" as const;
    const method =
      `${result.version}, imported: ${options.rw} ${options.bs ?? "4k"}, queue depth ` +
      `${queueDepth}, ${cache}`;
    for (const [direction, side] of [["read", job.read], ["write", job.write]] as const) {
      if (side.bytes === 0) continue;
      const of = (unit: Measurement["unit"], value: number) =>
        summarise(`${job.name} ${direction}`, unit, [value], method);
      points.push({
        access: `${kind}-${direction}`,
        blockBytes,
        queueDepth,
        cache,
        bytesPerSecond: toQuantity(of("bytesPerSecond", side.bytesPerSecond), asOf),
        operationsPerSecond: toQuantity(of("perSecond", side.iops), asOf),
        ...(side.latencyP50Seconds === null ? {} : {
          latencyP50Seconds: toQuantity(of("seconds", side.latencyP50Seconds), asOf),
        }),
      });
      measurements.push({
        ...(kind === "sequential"
          ? of("bytesPerSecond", side.bytesPerSecond)
          : of("perSecond", side.iops)),
        id: kind === "sequential"
          ? `sequential_${direction}_bytes_per_second`
          : `random_${direction}_iops`,
      });
    }
    if (job.syncP50Seconds !== null) {
      measurements.push(summarise("fsync_seconds", "seconds", [job.syncP50Seconds], method));
    }
  }
  if (points.length === 0) throw dataError(`${label}: fio's jobs moved no bytes`);
  return {
    what: `${result.version}: ${counted(result.jobs.length, "job")}`,
    measurements: bestOfEach(measurements),
    points,
  };
}

/** Of several jobs of one kind the best: a small block or a short queue says nothing of the device's limit. */
function bestOfEach(measurements: readonly Measurement[]): Measurement[] {
  const best = new Map<string, Measurement>();
  for (const m of measurements) {
    const known = best.get(m.id);
    const isBetter = known === undefined ||
      (m.unit === "seconds" ? m.value < known.value : m.value > known.value);
    if (isBetter) best.set(m.id, m);
  }
  return [...best.values()];
}

/** fio's sizes: `4k` is 4,096 unless kb_base says otherwise; a bare number is bytes. */
function fioSize(text: string): number {
  const first = text.split(",")[0];
  const match = /^(\d+)\s*([kmgt])i?b?$/i.exec(first);
  return parseBytes(match === null ? first : `${match[1]}${match[2]}iB`, "bs");
}
