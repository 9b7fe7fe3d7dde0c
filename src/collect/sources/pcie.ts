import { linkBytesPerSecond } from "../../model/link_rate.ts";
import { aerTotal, parseLinkSpeed } from "../../parse/pcie.ts";
import { counterOf } from "../../parse/numbers.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
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

/** A link as it is and as it could be; null where sysfs does not say. */
function linkOf(path: string) {
  const speed = (name: string) => parseLinkSpeed(readTextIfExists(`${path}/${name}`) ?? "");
  const lanes = (name: string) => counterOf(readTextIfExists(`${path}/${name}`)?.trim());
  return {
    speed: speed("current_link_speed"),
    maxSpeed: speed("max_link_speed"),
    lanes: lanes("current_link_width"),
    maxLanes: lanes("max_link_width"),
  };
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
  const downgraded = linked.filter(({ path }) => {
    const { speed, maxSpeed, lanes, maxLanes } = linkOf(path);
    return (speed !== null && maxSpeed !== null && speed < maxSpeed) ||
      (lanes !== null && maxLanes !== null && lanes < maxLanes);
  });
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

function open(context: SourceContext): OpenSource {
  const devices = devicesOf(context.root).filter((d) => d.hasLink);
  let failure: string | null = null;
  return {
    sample(sink: SampleSink) {
      for (const { address, path } of devices) {
        const push = (
          field: string,
          unit: string,
          type: "counter" | "gauge",
          value: number | null,
        ) =>
          sink.push(
            sink.series({ source: "pcie", device: address, field, unit, type }),
            value,
            "sysfs does not say",
          );
        const { speed, maxSpeed, lanes, maxLanes } = linkOf(path);
        if (speed === null && lanes === null) failure = `${address} disappeared`;
        const rate = (gt: number | null, width: number | null) =>
          gt === null || width === null ? null : linkBytesPerSecond(gt, width);
        push("link_bytes_per_second", "bytesPerSecond", "gauge", rate(speed, lanes));
        push("link_max_bytes_per_second", "bytesPerSecond", "gauge", rate(maxSpeed, maxLanes));
        push("link_width_lanes", "count", "gauge", lanes);
        for (const kind of AER) {
          const text = readTextIfExists(`${path}/aer_dev_${kind}`);
          if (text !== null) push(`aer_${kind}_errors`, "count", "counter", aerTotal(text));
        }
      }
    },
    failure: () => failure,
    close: () => Promise.resolve(),
  };
}

export const source: Source = {
  name: "pcie",
  summary: "link speed and width against their maximum, and AER errors (sysfs)",
  minIntervalNs: SLOW_NS,
  probe: (context) => Promise.resolve(probe(context)),
  open: (context) => Promise.resolve(open(context)),
};
