import { realpathSync } from "node:fs";
import {
  canonicalAddress,
  isDowngraded,
  kindOfClass,
  type PciDevice,
  type PciLink,
  type Topology,
} from "../../model/topology.ts";
import { counterOf } from "../../parse/numbers.ts";
import { aerTotal, parseLinkSpeed } from "../../parse/pcie.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";

const ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;

/** Makers whose devices are worth a name where no database of names is installed. */
const MAKERS: Readonly<Record<string, string>> = {
  "0x10de": "NVIDIA",
  "0x1002": "AMD",
  "0x8086": "Intel",
  "0x15b3": "Mellanox",
  "0x14e4": "Broadcom",
  "0x144d": "Samsung",
  "0x1344": "Micron",
  "0x1c5c": "SK hynix",
  "0x1e0f": "KIOXIA",
  "0x1b36": "QEMU",
  "0x1af4": "virtio",
};

function text(path: string): string | null {
  try {
    return readTextIfExists(path)?.trim() ?? null;
  } catch {
    return null;
  }
}

export type LinkFile =
  | "current_link_speed"
  | "max_link_speed"
  | "current_link_width"
  | "max_link_width";

/** Links have 32 lanes at most: 63 is a device that does not answer, 255 the kernel's "unknown". */
const MOST_LANES = 32;

function lanesOf(text: string | null): number | null {
  const lanes = counterOf(text?.trim());
  return lanes === null || lanes > MOST_LANES ? null : lanes;
}

/** A link by the four files of its device, null where one is not there; null for devices without a link. */
export function linkOfFiles(read: (file: LinkFile) => string | null): PciLink | null {
  const speed = read("current_link_speed");
  if (speed === null) return null;
  return {
    speedGts: parseLinkSpeed(speed),
    maxSpeedGts: parseLinkSpeed(read("max_link_speed") ?? ""),
    lanes: lanesOf(read("current_link_width")),
    maxLanes: lanesOf(read("max_link_width")),
  };
}

/** A link by sysfs; null for devices without one. */
export function linkOfDevice(path: string): PciLink | null {
  return linkOfFiles((file) => text(`${path}/${file}`));
}

/** Bridges above a device: its real path holds one folder a bridge, from the root complex down. */
function pathOf(path: string): string[] | null {
  try {
    const parts = realpathSync(path).split("/").filter((part) => ADDRESS.test(part));
    return parts.slice(0, -1).map(canonicalAddress);
  } catch {
    return null;
  }
}

function aliasesOf(path: string): string[] {
  return ["nvme", "net", "drm", "infiniband"].flatMap((kind) =>
    listNames(`${path}/${kind}`).map((name) => name.replace(/\/$/, ""))
      .filter((name) => !/^(ng\d|hwmon|renderD)/.test(name))
  );
}

function nameOf(path: string): string | null {
  const vendor = text(`${path}/vendor`);
  if (vendor === null) return null;
  const label = text(`${path}/label`) ?? text(`${path}/nvme/nvme0/model`);
  return label ?? `${MAKERS[vendor] ?? vendor} ${text(`${path}/device`) ?? ""}`.trim();
}

/** The PCI tree of this machine, from sysfs alone: no tool and no root are needed. */
export function readSysTopology(root: string): Topology {
  const base = `${root}/sys/bus/pci/devices`;
  const devices = listNames(base).map((name) => name.replace(/\/$/, ""))
    .filter((name) => ADDRESS.test(name)).map((name): PciDevice => {
      const path = `${base}/${name}`;
      const link = linkOfDevice(path);
      const numa = Number(text(`${path}/numa_node`) ?? "-1");
      const count = (kind: string) => {
        const content = text(`${path}/aer_dev_${kind}`);
        return content === null ? null : aerTotal(content);
      };
      const aer = {
        correctable: count("correctable"),
        nonfatal: count("nonfatal"),
        fatal: count("fatal"),
      };
      return {
        address: canonicalAddress(name),
        kind: kindOfClass(text(`${path}/class`) ?? ""),
        name: nameOf(path),
        numaNode: Number.isInteger(numa) && numa >= 0 ? numa : null,
        link,
        downgraded: isDowngraded(link),
        path: pathOf(path),
        aer: Object.values(aer).every((value) => value === null) ? null : aer,
        aliases: aliasesOf(path),
      };
    });
  return {
    source: "sysfs",
    devices,
    distances: [],
    notes: devices.length === 0
      ? ["/sys/bus/pci/devices shows no device"]
      : devices.every((d) => d.link === null)
      ? ["no device here has a PCIe link (a virtual machine without passthrough)"]
      : [],
  };
}
