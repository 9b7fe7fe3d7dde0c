import { messageOf } from "../../model/errors.ts";
import { type NvmeHealth, parseNvmeSmartLog, parseSmartctl } from "../../parse/nvme_smart.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import { runTool } from "../../runtime/tool.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** A SMART read is an admin command to the drive: once in ten seconds is often enough. */
const SLOW_NS = 10e9;

const FIELDS: readonly {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  readonly of: (h: NvmeHealth) => number | null;
}[] = [
  { field: "data_units_read", unit: "count", type: "counter", of: (h) => h.dataUnitsRead },
  { field: "data_units_written", unit: "count", type: "counter", of: (h) => h.dataUnitsWritten },
  { field: "host_read_commands", unit: "count", type: "counter", of: (h) => h.hostReadCommands },
  { field: "host_write_commands", unit: "count", type: "counter", of: (h) => h.hostWriteCommands },
  { field: "percentage_used", unit: "percent", type: "gauge", of: (h) => h.percentageUsed },
  {
    field: "available_spare_ratio",
    unit: "ratio",
    type: "gauge",
    of: (h) => h.availableSpareRatio,
  },
  { field: "temperature_celsius", unit: "celsius", type: "gauge", of: (h) => h.temperatureCelsius },
  { field: "critical_warning", unit: "bits", type: "gauge", of: (h) => h.criticalWarning },
  { field: "media_errors", unit: "count", type: "counter", of: (h) => h.mediaErrors },
  { field: "power_on_hours", unit: "hours", type: "counter", of: (h) => h.powerOnHours },
];

/** Controllers by sysfs: `nvme0`, `nvme1`. */
function controllers(root: string): string[] {
  return listNames(`${root}/sys/class/nvme`).map((n) => n.replace(/\/$/, ""))
    .filter((n) => /^nvme\d+$/.test(n));
}

/** The health log of a drive by nvme-cli, else by smartctl; or why there is none. */
async function readHealth(device: string): Promise<NvmeHealth | string> {
  const path = `/dev/${device}`;
  const viaNvme = await runTool(["nvme", "smart-log", path, "-o", "json"], { timeoutMs: 5000 });
  let problem = "neither nvme-cli nor smartctl is installed";
  if (viaNvme.startError === null) {
    try {
      return parseNvmeSmartLog(viaNvme.stdout, `nvme smart-log ${path}`);
    } catch (error) {
      problem = viaNvme.stderr.trim().split("\n")[0] || messageOf(error);
    }
  }
  const viaSmartctl = await runTool(["smartctl", "--json", "-a", path], { timeoutMs: 5000 });
  if (viaSmartctl.startError !== null) return problem;
  try {
    return parseSmartctl(viaSmartctl.stdout, `smartctl ${path}`) ?? `${path} could not be opened`;
  } catch (error) {
    return messageOf(error);
  }
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
  const health = await Promise.all(found.map(readHealth));
  const readable = found.filter((_, i) => typeof health[i] !== "string");
  const problem = health.find((h) => typeof h === "string") as string | undefined;
  const denied = problem !== undefined && /permission denied/i.test(problem);
  return {
    status: readable.length === found.length
      ? "ok"
      : readable.length > 0
      ? "partial"
      : denied
      ? "denied"
      : "absent",
    reason: problem ?? null,
    remedy: problem === undefined
      ? null
      : denied
      ? "run as root: SMART logs need it"
      : "install nvme-cli or smartmontools",
    devices: found,
    facts: Object.fromEntries(found.map((device) => {
      const read = (file: string) =>
        readTextIfExists(`${context.root}/sys/class/nvme/${device}/${file}`)?.trim() ?? null;
      return [device, {
        model: read("model"),
        firmware: read("firmware_rev"),
        state: read("state"),
      }];
    })),
  };
}

function open(context: SourceContext): OpenSource {
  const devices = controllers(context.root);
  let failure: string | null = null;
  return {
    async sample(sink: SampleSink) {
      // Taken before the first answer comes: all drives are asked at the same time.
      const health = await Promise.all(devices.map(readHealth));
      devices.forEach((device, i) => {
        const log = health[i];
        if (typeof log === "string") failure = `${device}: ${log}`;
        for (const { field, unit, type, of } of FIELDS) {
          const id = sink.series({ source: "nvme", device, field, unit, type });
          const value = typeof log === "string" ? null : of(log);
          sink.push(id, value, typeof log === "string" ? log : "the drive does not report it");
        }
      });
    },
    failure: () => failure,
    close: () => Promise.resolve(),
  };
}

export const source: Source = {
  name: "nvme",
  summary: "SMART and health of NVMe drives (nvme-cli or smartctl): the wear ledger",
  minIntervalNs: SLOW_NS,
  probe,
  open: (context) => Promise.resolve(open(context)),
};
