import { counterOf } from "../../parse/numbers.ts";
import { type CounterFile, openCounterFile } from "../../runtime/counter_file.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, Source, SourceContext, SourceProbe } from "../source.ts";

/** Energy counters turn over after minutes at the least: ten times a second is often enough. */
const FASTEST_NS = 1e8;

interface Zone {
  /** `package-0`, `dram-0`, `core-0`: the name with the number of its package. */
  readonly device: string;
  readonly path: string;
  /** Microjoules at which the counter begins anew; null when it is not told. */
  readonly range: number | null;
}

function text(path: string): string | null {
  try {
    return readTextIfExists(path)?.trim() ?? null;
  } catch {
    return null;
  }
}

/** Zones of powercap: `intel-rapl:0` is a package, `intel-rapl:0:1` a part of it (also on AMD). */
function zonesOf(root: string): Zone[] {
  const base = `${root}/sys/class/powercap`;
  return listNames(base).map((name) => name.replace(/\/$/, ""))
    .filter((name) => /^intel-rapl(-mmio)?:\d+(:\d+)?$/.test(name))
    // The same package stands a second time under -mmio.
    .filter((name) => !name.includes("-mmio")).flatMap((name) => {
      const path = `${base}/${name}`;
      const label = text(`${path}/name`);
      if (label === null) return [];
      const number = name.split(":")[1];
      const device = /-\d+$/.test(label) ? label : `${label}-${number}`;
      return [{
        device,
        path: `${path}/energy_uj`,
        range: counterOf(text(`${path}/max_energy_range_uj`) ?? undefined),
      }];
    });
}

/** Whether the counter can be read: since 2020 the kernel gives it to root alone. */
function readable(zone: Zone): boolean {
  try {
    return readTextIfExists(zone.path) !== null;
  } catch {
    return false;
  }
}

function probe(context: SourceContext): SourceProbe {
  const zones = zonesOf(context.root);
  if (zones.length === 0) {
    return {
      status: "absent",
      reason: "no RAPL zone is in /sys/class/powercap",
      remedy: "load intel_rapl_common (bare metal; virtual machines have none)",
      devices: [],
    };
  }
  const open = zones.filter(readable);
  return {
    status: open.length === 0 ? "denied" : open.length < zones.length ? "partial" : "ok",
    reason: open.length === zones.length ? null : "energy_uj is readable by root alone",
    remedy: open.length === zones.length
      ? null
      : "run as root, or chmod a+r energy_uj of each zone",
    devices: open.map((zone) => zone.device),
  };
}

function open(context: SourceContext): OpenSource {
  const zones = zonesOf(context.root).filter(readable).map((zone) => ({
    zone,
    file: openCounterFile(zone.path, 64) as CounterFile,
    id: null as number | null,
    last: null as number | null,
    turned: 0,
  }));
  let failure: string | null = null;
  return {
    sample: (sink) => {
      for (const entry of zones) {
        const { zone, file } = entry;
        entry.id ??= sink.series({
          source: "rapl",
          device: zone.device,
          field: "energy_joules",
          unit: "joules",
          type: "counter",
        });
        const now = counterOf(file.read()?.trim());
        if (now === null) {
          failure ??= `${zone.device}: ${file.problem() ?? "energy_uj is no number"}`;
          sink.push(entry.id, null, failure);
          continue;
        }
        // The counter has few bits: it turns over within the hour. Its range says what it jumped.
        if (entry.last !== null && now < entry.last) entry.turned += zone.range ?? entry.last;
        entry.last = now;
        sink.push(entry.id, (entry.turned + now) / 1e6);
      }
    },
    failure: () => failure,
    close: () => Promise.resolve(zones.forEach(({ file }) => file.close())),
  };
}

export const source: Source = {
  name: "rapl",
  summary: "energy of processors and memory (RAPL through /sys/class/powercap)",
  minIntervalNs: FASTEST_NS,
  probe: (context) => Promise.resolve(probe(context)),
  open: (context) => Promise.resolve(open(context)),
};
