import { linkBytesPerSecond } from "../../model/link_rate.ts";
import { isDowngraded } from "../../model/topology.ts";
import { aerTotal } from "../../parse/pcie.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import { linkOfDevice } from "../topology/sysfs.ts";
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
        const link = linkOfDevice(path);
        const speed = link?.speedGts ?? null;
        const lanes = link?.lanes ?? null;
        if (link === null) failure ??= `${address} disappeared`;
        const downgraded = isDowngraded(link);
        const rate = (gt: number | null, width: number | null) =>
          gt === null || width === null ? null : linkBytesPerSecond(gt, width);
        push("link_bytes_per_second", "bytesPerSecond", "gauge", rate(speed, lanes));
        push(
          "link_max_bytes_per_second",
          "bytesPerSecond",
          "gauge",
          rate(link?.maxSpeedGts ?? null, link?.maxLanes ?? null),
        );
        push("link_width_lanes", "count", "gauge", lanes);
        push(
          "link_downgraded_flag",
          "flag",
          "gauge",
          downgraded === null ? null : Number(downgraded),
        );
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
