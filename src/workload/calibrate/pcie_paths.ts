import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import { linkBytesPerSecond } from "../../model/link_rate.ts";
import { parseLinkSpeed } from "../../parse/pcie.ts";
import { readTextIfExists } from "../../runtime/files.ts";

type PciePath = NonNullable<HardwareProfile["pcie"]>[number];

/** PCI classes: display controllers (VGA and 3D) and NVMe drives. */
const KINDS: readonly (readonly [prefix: string, kind: PciePath["kind"]])[] = [
  ["0x0300", "gpu"],
  ["0x0302", "gpu"],
  ["0x0108", "nvme"],
];

/**
 * GPUs and NVMe drives with the bridges above them and their links, from sysfs. A link that the system does
 * not tell (virtual machines) is null with the reason.
 *
 * @param root Where sysfs lies; another folder in tests.
 */
export function readPciePaths(root = "/sys"): PciePath[] {
  const devices = join(root, "bus/pci/devices");
  let names: string[];
  try {
    names = readdirSync(devices).sort();
  } catch {
    return [];
  }
  return names.flatMap((address): PciePath[] => {
    const text = (file: string) => readTextIfExists(join(devices, address, file))?.trim() ?? null;
    const kind = KINDS.find(([prefix]) => text("class")?.startsWith(prefix))?.[1];
    if (kind === undefined) return [];
    const speed = (file: string) => {
      const value = text(file);
      return value === null ? null : parseLinkSpeed(value);
    };
    const width = (file: string) => {
      const value = Number(text(file) ?? NaN);
      return Number.isInteger(value) && value > 0 ? value : null;
    };
    const gigatransfers = speed("current_link_speed");
    const lanes = width("current_link_width");
    const isKnown = gigatransfers !== null && lanes !== null;
    return [{
      address,
      kind,
      path: bridgesAbove(join(devices, address), address),
      gigatransfers,
      lanes,
      maxGigatransfers: speed("max_link_speed"),
      maxLanes: width("max_link_width"),
      bytesPerSecond: isKnown ? linkBytesPerSecond(gigatransfers, lanes) : null,
      reason: isKnown ? null : "the system tells no link speed (a virtual machine?)",
    }];
  });
}

/** Addresses in the device's place under /sys/devices, without its own. */
function bridgesAbove(link: string, address: string): string[] {
  try {
    const parts = readlinkSync(link).split("/");
    return parts.filter((part) => /^[0-9a-f]{4}:/.test(part) && part !== address);
  } catch {
    return [];
  }
}
