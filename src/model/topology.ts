/** What a device of the PCI tree is, as far as this tool cares. */
export type PciKind = "gpu" | "nvme" | "storage" | "nic" | "bridge" | "other";

/** A link as it is and as it could be; null where nothing says. */
export interface PciLink {
  readonly speedGts: number | null;
  readonly maxSpeedGts: number | null;
  readonly lanes: number | null;
  readonly maxLanes: number | null;
}

/** One PCI device with its way to the root. */
export interface PciDevice {
  /** `0000:01:00.0`, in lower case, always with its domain. */
  readonly address: string;
  readonly kind: PciKind;
  readonly name: string | null;
  readonly numaNode: number | null;
  readonly link: PciLink | null;
  /** Whether the link runs below what both ends can do; null when it is not known. */
  readonly downgraded: boolean | null;
  /** Addresses of the bridges above it, the root port first; null when the tree is not known. */
  readonly path: readonly string[] | null;
  /** Errors counted by AER; null where it is not readable. */
  readonly aer: {
    readonly correctable: number | null;
    readonly nonfatal: number | null;
    readonly fatal: number | null;
  } | null;
  /** Names that programs use: `nvme0`, `eth0`, `GPU-0`. */
  readonly aliases: readonly string[];
}

/** How two devices reach each other, in the words of `nvidia-smi topo`. */
export interface DeviceDistance {
  readonly a: string;
  readonly b: string;
  /** NV# bonded links, PIX one bridge, PXB several, PHB the host bridge, NODE a NUMA node, SYS beyond. */
  readonly distance: string;
}

/** What is known of how devices hang together. */
export interface Topology {
  /** Where it is from: `sysfs`, `lspci`, `nccl`, `nvidia-smi topo`, `nvidia-smi nvlink`, `lsblk`. */
  readonly source: string;
  readonly devices: readonly PciDevice[];
  readonly distances: readonly DeviceDistance[];
  readonly notes: readonly string[];
}

/** Class code (`0x010802`, `0302`) to kind. PCI Code and ID Assignment Specification. */
export function kindOfClass(code: string): PciKind {
  const digits = code.replace(/^0x/, "").toLowerCase();
  if (digits.startsWith("0302") || digits.startsWith("0300") || digits.startsWith("12")) {
    return "gpu";
  }
  if (digits.startsWith("0108")) return "nvme";
  if (digits.startsWith("01")) return "storage";
  if (digits.startsWith("02") || digits.startsWith("0c06")) return "nic";
  if (digits.startsWith("06")) return "bridge";
  return "other";
}

/** The address in lower case with a domain of four digits. */
export function canonicalAddress(text: string): string {
  const lower = text.trim().toLowerCase();
  const long = /^0{4}([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/.exec(lower);
  if (long !== null) return long[1];
  return /^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(lower) ? `0000:${lower}` : lower;
}

/** Whether a link runs below its own maximum; null when that is not known. */
export function isDowngraded(link: PciLink | null): boolean | null {
  if (link === null) return null;
  const slow = link.speedGts !== null && link.maxSpeedGts !== null
    ? link.speedGts < link.maxSpeedGts
    : null;
  // A width of 0 is a slot without a card.
  const narrow = link.lanes !== null && link.lanes > 0 && link.maxLanes !== null
    ? link.lanes < link.maxLanes
    : null;
  return slow === null && narrow === null ? null : slow === true || narrow === true;
}

/** Groups of devices of the given kinds below the same switch: the lowest bridge that several share. */
export function sharedSwitches(
  devices: readonly PciDevice[],
  kinds: readonly PciKind[],
): { readonly bridge: string; readonly devices: readonly string[] }[] {
  const below = new Map<string, string[]>();
  for (const device of devices) {
    if (!kinds.includes(device.kind) || device.path === null) continue;
    for (const bridge of device.path) {
      const list = below.get(bridge);
      if (list === undefined) below.set(bridge, [device.address]);
      else list.push(device.address);
    }
  }
  const groups = [...below].filter(([, list]) => list.length > 1);
  // A bridge above another with the same devices says nothing more.
  return groups.filter(([bridge, list]) =>
    !groups.some(([other, others]) =>
      other !== bridge && others.length === list.length &&
      others.every((address) => list.includes(address)) &&
      devices.some((d) =>
        d.path !== null && d.path.indexOf(other) > d.path.indexOf(bridge) &&
        d.path.includes(bridge) && d.path.includes(other)
      )
    )
  ).map(([bridge, list]) => ({ bridge, devices: list }));
}
