import { linkBytesPerSecond } from "../../model/link_rate.ts";
import { isDowngraded } from "../../model/topology.ts";
import { aerTotal } from "../../parse/pcie.ts";
import { openCounterFile } from "../../runtime/counter_file.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import { type LinkFile, linkOfDevice, linkOfFiles } from "../topology/sysfs.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** Links change when a card is reset or throttles: once a second is often enough. */
const SLOW_NS = 1e9;

/** Classes worth watching: storage, network, display, processing accelerators. */
const CLASSES = /^0x(01|02|03|12)/;

interface Device {
  readonly address: string;
  readonly path: string;
  readonly hasLink: boolean;
}

function devicesOf(root: string): Device[] {
  const base = `${root}/sys/bus/pci/devices`;
  return listNames(base).map((n) => n.replace(/\/$/, "")).flatMap((address) => {
    const path = `${base}/${address}`;
    const kind = readTextIfExists(`${path}/class`)?.trim() ?? "";
    if (!CLASSES.test(kind)) return [];
    return [{ address, path, hasLink: readTextIfExists(`${path}/current_link_speed`) !== null }];
  });
}

function probe(context: SourceContext): SourceProbe {
  const devices = devicesOf(context.root);
  const linked = devices.filter((d) => d.hasLink);
  if (linked.length === 0) {
    return {
      status: "absent",
      reason: devices.length === 0
        ? "no PCIe device is shown in /sys/bus/pci/devices"
        : "the PCI devices here have no PCIe link (a virtual machine without passthrough)",
      remedy: null,
      devices: [],
    };
  }
  const downgraded = linked.filter(({ path }) => isDowngraded(linkOfDevice(path)) === true);
  return {
    status: "ok",
    reason: downgraded.length === 0
      ? null
      : `${downgraded.length} links run below what they could (downgraded): ` +
        downgraded.map((d) => d.address).join(", "),
    remedy: downgraded.length === 0
      ? null
      : "reseat the card, look at the slot and at power management",
    devices: linked.map((d) => d.address),
  };
}

const AER = ["correctable", "nonfatal", "fatal"] as const;

/** Series of one device: pushes a reading under its field, null with a reason. */
function pusher(sink: SampleSink, device: string) {
  const ids = new Map<string, number>();
  return (field: string, unit: string, type: "counter" | "gauge", value: number | null) => {
    let id = ids.get(field);
    if (id === undefined) {
      ids.set(field, id = sink.series({ source: "pcie", device, field, unit, type }));
    }
    sink.push(id, value, "sysfs does not say");
  };
}

/** A device whose files stay open: what it could do at most is read once, what it does each time. */
function watch({ address, path }: Device) {
  const open = (file: string) => openCounterFile(`${path}/${file}`, 1024);
  const current = {
    current_link_speed: open("current_link_speed"),
    current_link_width: open("current_link_width"),
  };
  const max = {
    max_link_speed: readTextIfExists(`${path}/max_link_speed`),
    max_link_width: readTextIfExists(`${path}/max_link_width`),
  };
  const read = (file: LinkFile) =>
    file === "current_link_speed" || file === "current_link_width"
      ? current[file].read()
      : max[file];
  const aer = AER.filter((kind) => readTextIfExists(`${path}/aer_dev_${kind}`) !== null)
    .map((kind) => ({ field: `aer_${kind}_errors`, file: open(`aer_dev_${kind}`) }));
  const rate = (gt: number | null, width: number | null) =>
    gt === null || width === null ? null : linkBytesPerSecond(gt, width);
  let push: ReturnType<typeof pusher> | null = null;
  return {
    address,
    /** Whether the link could be read. */
    sample(sink: SampleSink): boolean {
      push ??= pusher(sink, address);
      const link = linkOfFiles(read);
      const downgraded = isDowngraded(link);
      const lanes = link?.lanes ?? null;
      push(
        "link_bytes_per_second",
        "bytesPerSecond",
        "gauge",
        rate(link?.speedGts ?? null, lanes),
      );
      push(
        "link_max_bytes_per_second",
        "bytesPerSecond",
        "gauge",
        rate(link?.maxSpeedGts ?? null, link?.maxLanes ?? null),
      );
      push("link_width_lanes", "count", "gauge", lanes);
      push("link_downgraded_flag", "flag", "gauge", downgraded === null ? null : +downgraded);
      for (const { field, file } of aer) {
        const text = file.read();
        push(field, "count", "counter", text === null ? null : aerTotal(text));
      }
      return link !== null;
    },
    close() {
      for (const file of [...Object.values(current), ...aer.map((a) => a.file)]) file.close();
    },
  };
}

function open(context: SourceContext): OpenSource {
  const devices = devicesOf(context.root).filter((d) => d.hasLink).map(watch);
  let failure: string | null = null;
  return {
    sample(sink: SampleSink) {
      for (const device of devices) {
        if (!device.sample(sink)) failure ??= `${device.address} disappeared`;
      }
    },
    failure: () => failure,
    close: () => {
      for (const device of devices) device.close();
      return Promise.resolve();
    },
  };
}

export const source: Source = {
  name: "pcie",
  summary: "link speed and width against their maximum, and AER errors (sysfs)",
  minIntervalNs: SLOW_NS,
  probe: (context) => Promise.resolve(probe(context)),
  open: (context) => Promise.resolve(open(context)),
};
