import { parsePressure } from "../../parse/pressure.ts";
import { openCounterFile } from "../../runtime/counter_file.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, Source, SourceContext } from "../source.ts";

const RESOURCES = ["cpu", "io", "memory"] as const;

/** A pressure file exists but fails to open or read (EOPNOTSUPP) when PSI is built in and switched off. */
function readable(root: string, resource: string): boolean {
  try {
    return readTextIfExists(`${root}/proc/pressure/${resource}`) !== null;
  } catch {
    return false;
  }
}

function open(context: SourceContext): OpenSource {
  const files = RESOURCES.filter((name) => readable(context.root, name)).map((name) => ({
    name,
    file: openCounterFile(`${context.root}/proc/pressure/${name}`, 256),
    ids: null as [number, number] | null,
  }));
  let failure: string | null = null;
  return {
    sample: (sink) => {
      for (const entry of files) {
        const define = (field: string) =>
          sink.series({
            source: "pressure",
            device: entry.name,
            field,
            unit: "seconds",
            type: "counter",
          });
        entry.ids ??= [define("some_stall_seconds"), define("full_stall_seconds")];
        const text = entry.file.read();
        if (text === null) {
          failure = `/proc/pressure/${entry.name}: ${entry.file.problem()}`;
          for (const id of entry.ids) sink.push(id, null, failure);
          continue;
        }
        const now = parsePressure(text, `/proc/pressure/${entry.name}`);
        sink.push(entry.ids[0], now.someSeconds);
        sink.push(entry.ids[1], now.fullSeconds, "this kernel does not count it");
      }
    },
    failure: () => failure,
    close: () => Promise.resolve(files.forEach(({ file }) => file.close())),
  };
}

export const source: Source = {
  name: "pressure",
  summary: "time in which tasks waited for CPU, I/O or memory (/proc/pressure)",
  minIntervalNs: 0,
  probe: (context) => {
    const devices = RESOURCES.filter((name) => readable(context.root, name));
    if (devices.length === 0) {
      return Promise.resolve({
        status: "absent",
        reason: "/proc/pressure cannot be read: the kernel has no PSI, or it is off",
        remedy: "boot with psi=1 (Linux 4.20 or newer)",
        devices,
      });
    }
    const missing = RESOURCES.filter((name) => !devices.includes(name));
    return Promise.resolve({
      status: missing.length === 0 ? "ok" : "partial",
      reason: missing.length === 0 ? null : `no pressure file for ${missing.join(", ")}`,
      remedy: null,
      devices,
    });
  },
  open: (context) => Promise.resolve(open(context)),
};
