import type { Json } from "../../model/json.ts";
import { parseDiskstats } from "../../parse/diskstats.ts";
import { BLOCK_FIELDS as FIELDS, OLD_KERNEL } from "../../parse/diskstats_recording.ts";
import { openCounterFile } from "../../runtime/counter_file.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, SampleSink, Source, SourceContext } from "../source.ts";

/**
 * Whole devices worth a series: those of /sys/block that have a size. Partitions repeat their disk; RAM
 * disks and empty loop devices say nothing of storage.
 */
function devicesOf(root: string): Set<string> {
  const names = listNames(`${root}/sys/block`).map((name) => name.replace(/\/$/, ""));
  return new Set(names.filter((name) => {
    if (/^(ram|zram|fd|sr)\d+$/.test(name)) return false;
    return Number(readTextIfExists(`${root}/sys/block/${name}/size`) ?? "0") > 0;
  }));
}

function factsOf(root: string, device: string): Json {
  const read = (path: string) => readTextIfExists(`${root}/sys/block/${device}/${path}`)?.trim();
  const sectors = Number(read("size") ?? "0");
  const rotational = read("queue/rotational");
  return {
    model: read("device/model") ?? null,
    capacityBytes: sectors * 512,
    rotational: rotational === undefined ? null : rotational === "1",
    scheduler: /\[([^\]]+)\]/.exec(read("queue/scheduler") ?? "")?.[1] ?? null,
  };
}

function open(context: SourceContext): OpenSource {
  const file = openCounterFile(`${context.root}/proc/diskstats`, 16384);
  let devices = devicesOf(context.root);
  let sinceRescan = 0;
  const ids = new Map<string, number[]>();
  let failure: string | null = null;
  let present: string[] = [];

  const idsOf = (sink: SampleSink, device: string): number[] => {
    let list = ids.get(device);
    if (list === undefined) {
      list = FIELDS.map(({ field, unit, type }) =>
        sink.series({ source: "block", device, field, unit, type })
      );
      ids.set(device, list);
    }
    return list;
  };

  return {
    sample: (sink) => {
      const text = file.read();
      if (text === null) {
        failure = `/proc/diskstats: ${file.problem()}`;
        for (const device of present) {
          for (const id of idsOf(sink, device)) sink.push(id, null, failure);
        }
        return;
      }
      // Drives come and go (hot plug, NVMe resets): look again now and then.
      if (++sinceRescan * context.intervalNs > 5e9) {
        devices = devicesOf(context.root);
        sinceRescan = 0;
      }
      const seen: string[] = [];
      for (const row of parseDiskstats(text)) {
        if (!devices.has(row.name)) continue;
        seen.push(row.name);
        const list = idsOf(sink, row.name);
        for (let i = 0; i < FIELDS.length; i++) sink.push(list[i], FIELDS[i].of(row), OLD_KERNEL);
      }
      for (const device of present) {
        if (seen.includes(device)) continue;
        failure ??= `${device} disappeared`;
        for (const id of idsOf(sink, device)) sink.push(id, null, "the device disappeared");
      }
      present = seen;
    },
    failure: () => failure,
    close: () => Promise.resolve(file.close()),
  };
}

export const source: Source = {
  name: "block",
  summary: "bytes, requests and busy time of every disk (/proc/diskstats)",
  minIntervalNs: 0,
  probe: (context) => {
    const text = readTextIfExists(`${context.root}/proc/diskstats`);
    const known = devicesOf(context.root);
    const devices = text === null
      ? []
      : parseDiskstats(text).map((row) => row.name).filter((name) => known.has(name));
    if (devices.length > 0) {
      const facts = Object.fromEntries(devices.map((d) => [d, factsOf(context.root, d)]));
      return Promise.resolve({ status: "ok", reason: null, remedy: null, devices, facts });
    }
    return Promise.resolve({
      status: "absent",
      reason: text === null ? "/proc/diskstats is not there" : "no block device has a size",
      remedy: text === null ? "mount /proc in the container (it needs Linux)" : null,
      devices,
    });
  },
  open: (context) => Promise.resolve(open(context)),
};
