import { HEALTH_FIELDS, NOT_IN_LOG } from "../../parse/nvme/health_fields.ts";
import { healthReadings, mediaReadings, warningNotes } from "../../parse/nvme/recording.ts";
import { type Reading, reading } from "../../parse/reading.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import { createSeriesBook } from "../gpu/series_book.ts";
import { type NvmeAdmin, openNvmeAdmin } from "../nvme/admin.ts";
import { createDriveReader } from "../nvme/read_drive.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** A SMART read is an admin command to the drive: once in ten seconds is often enough. */
const SLOW_NS = 10e9;

/** Controllers by sysfs: `nvme0`, `nvme1`. */
function controllers(root: string): string[] {
  return listNames(`${root}/sys/class/nvme`).map((n) => n.replace(/\/$/, ""))
    .filter((n) => /^nvme\d+$/.test(n));
}

function factsOf(root: string, device: string) {
  const read = (file: string) =>
    readTextIfExists(`${root}/sys/class/nvme/${device}/${file}`)?.trim() ?? null;
  return {
    model: read("model"),
    firmware: read("firmware_rev"),
    state: read("state"),
    transport: read("transport"),
    address: read("address"),
  };
}

async function probe(context: SourceContext): Promise<SourceProbe> {
  const found = controllers(context.root);
  if (found.length === 0) {
    return {
      status: "absent",
      reason: "no NVMe drive is here (/sys/class/nvme is empty)",
      remedy: null,
      devices: [],
    };
  }
  const admin = await openNvmeAdmin();
  try {
    const drives = await Promise.all(found.map((d) => createDriveReader(d, admin).read()));
    const failed = drives.map((drive, i) =>
      "problem" in drive ? { device: found[i], ...drive } : null
    )
      .filter((f) => f !== null);
    const warnings = drives.flatMap((drive, i) =>
      "problem" in drive
        ? []
        : [...warningNotes(drive.health), ...(drive.warning === null ? [] : [drive.warning])]
          .map((text) => `${found[i]}: ${text}`)
    );
    const readable = found.length - failed.length;
    const denied = failed.some((f) => f.denied);
    return {
      status: failed.length === 0 ? "ok" : readable > 0 ? "partial" : denied ? "denied" : "absent",
      reason: failed[0]?.problem ?? (warnings.length === 0 ? null : warnings.join("; ")),
      remedy: failed.length === 0
        ? null
        : denied
        ? "run as root: health logs need it"
        : "install nvme-cli or smartmontools",
      devices: found.map((device, i) => {
        const drive = drives[i];
        return "problem" in drive ? device : `${device} (${drive.via})`;
      }),
      facts: Object.fromEntries(found.map((device) => [device, factsOf(context.root, device)])),
    };
  } finally {
    admin?.close();
  }
}

const POWER_STATE = { field: "power_state", unit: "state", type: "gauge" } as const;

function open(context: SourceContext, admin: NvmeAdmin | null): OpenSource {
  const book = createSeriesBook("nvme");
  const readers = controllers(context.root).map((device) => ({
    device,
    reader: createDriveReader(device, admin),
  }));
  const media = new Map<string, readonly Reading[]>();
  let failure: string | null = null;
  return {
    async sample(sink: SampleSink) {
      // All drives are asked at the same time; a drive that is slow holds up none but itself.
      const drives = await Promise.all(readers.map(({ reader }) => reader.read()));
      readers.forEach(({ device }, i) => {
        const drive = drives[i];
        if ("problem" in drive) {
          failure ??= `${device}: ${drive.problem}`;
          // All it ever gave: media and power state as well as the fields of the health log.
          if (book.devices().includes(device)) book.lose(sink, drive.problem, device);
          else {
            for (const field of HEALTH_FIELDS) {
              book.push(sink, reading(device, field, null, drive.problem));
            }
          }
          return;
        }
        for (const one of healthReadings(device, drive.health)) book.push(sink, one);
        if (drive.media !== null) {
          const readings = mediaReadings(device, drive.media);
          media.set(device, readings);
          for (const one of readings) book.push(sink, one);
        } else {
          for (const one of media.get(device) ?? []) {
            book.push(sink, reading(device, one, null, "the drive did not give the log this time"));
          }
        }
        if (drive.via === "ioctl") {
          book.push(sink, reading(device, POWER_STATE, drive.powerState, NOT_IN_LOG));
        }
      });
    },
    failure: () => failure,
    close: () => Promise.resolve(admin?.close()),
  };
}

export const source: Source = {
  name: "nvme",
  summary: "health and wear of NVMe drives: SMART, OCP and endurance-group logs, power state",
  minIntervalNs: SLOW_NS,
  probe,
  open: async (context) => open(context, await openNvmeAdmin()),
};
