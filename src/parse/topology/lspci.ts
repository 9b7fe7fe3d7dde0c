import { dataError } from "../../model/errors.ts";
import {
  canonicalAddress,
  isDowngraded,
  kindOfClass,
  type PciDevice,
  type PciKind,
  type PciLink,
  type Topology,
} from "../../model/topology.ts";
import { parseLinkSpeed } from "../pcie.ts";

const ADDRESS = /^((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s+(.+)$/i;

/** Names of classes, for listings without numbers. */
const CLASS_NAMES: readonly (readonly [RegExp, PciKind])[] = [
  [/^(3D controller|VGA compatible controller|Display controller|Processing accelerators)/, "gpu"],
  [/^Non-Volatile memory controller/, "nvme"],
  [/^(SCSI|RAID|SATA|IDE|Mass|Serial Attached|.*storage)/i, "storage"],
  [/^(Ethernet|Infiniband|Network|Fabric) controller/i, "nic"],
  [/bridge/i, "bridge"],
];

function kindOfName(name: string): PciKind {
  const code = /\[([0-9a-f]{4})\]/i.exec(name.split(":")[0]);
  if (code !== null) return kindOfClass(code[1]);
  if (/^[0-9a-f]{4}$/i.test(name)) return kindOfClass(name);
  return CLASS_NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? "other";
}

interface Block {
  readonly address: string;
  readonly title: string;
  readonly lines: readonly string[];
}

function blocksOf(text: string): Block[] {
  const blocks: { address: string; title: string; lines: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const start = ADDRESS.exec(line);
    if (start !== null) {
      blocks.push({ address: canonicalAddress(start[1]), title: start[2], lines: [] });
    } else if (blocks.length > 0 && /^\s/.test(line)) blocks.at(-1)!.lines.push(line.trim());
  }
  return blocks;
}

/** `LnkCap: Port #0, Speed 16GT/s, Width x16` and `LnkSta: Speed 8GT/s (downgraded), Width x8 (ok)`. */
function linkOf(lines: readonly string[]): { link: PciLink | null; flagged: boolean | null } {
  const cap = lines.find((line) => /^LnkCap:/.test(line));
  const status = lines.find((line) => /^LnkSta:/.test(line));
  if (status === undefined && cap === undefined) return { link: null, flagged: null };
  const speed = (line: string | undefined) =>
    parseLinkSpeed(/Speed ([^,]*)/.exec(line ?? "")?.[1] ?? "");
  const lanes = (line: string | undefined) => {
    const match = /Width x(\d+)/.exec(line ?? "");
    return match === null ? null : Number(match[1]);
  };
  const link = {
    speedGts: speed(status),
    maxSpeedGts: speed(cap),
    lanes: lanes(status),
    maxLanes: lanes(cap),
  };
  return {
    link,
    flagged: /\((ok|downgraded|strange)\)/.test(status ?? "") ? /downgraded/.test(status!) : null,
  };
}

/** Bits of AER that are set: lspci shows whether an error was seen, not how often. */
function aerNote(lines: readonly string[]): boolean {
  const line = lines.find((l) => /^CESta:/.test(l)) ?? "";
  return /\b(RxErr|BadTLP|BadDLLP|Rollover|Timeout|AdvNonFatalErr)\+/.test(line);
}

/** Bridges above each device, from the bus ranges that bridges say they lead to. */
function pathsOf(blocks: readonly Block[]): ReadonlyMap<string, string[]> {
  const bridges = blocks.flatMap(({ address, lines }) => {
    const bus = lines.map((l) => /^Bus:.*secondary=([0-9a-f]+), subordinate=([0-9a-f]+)/i.exec(l))
      .find((m) => m !== null);
    if (bus === undefined) return [];
    return [{
      address,
      domain: address.slice(0, 4),
      from: parseInt(bus[1], 16),
      to: parseInt(bus[2], 16),
    }];
  });
  return new Map(blocks.map(({ address }) => {
    const bus = parseInt(address.slice(5, 7), 16);
    const above = bridges.filter((b) =>
      b.domain === address.slice(0, 4) && bus >= b.from && bus <= b.to && b.address !== address
    ).sort((a, b) => (b.to - b.from) - (a.to - a.from) || a.from - b.from);
    return [address, above.map((b) => b.address)];
  }));
}

/** Whether a text is a listing of lspci. */
export function isLspci(text: string): boolean {
  const first = text.trimStart().split(/\r?\n/, 1)[0];
  return ADDRESS.test(first) ||
    /^(Slot|Device):\s+(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/i.test(first);
}

/** `lspci -vmm` and its kin: records of `Key: value`, a blank line between them. */
function parseRecords(text: string): PciDevice[] {
  return text.split(/\r?\n\s*\r?\n/).flatMap((block): PciDevice[] => {
    const values = new Map(
      block.split(/\r?\n/).map((line) => /^(\w+):\s*(.*)$/.exec(line.trim()))
        .filter((m) => m !== null).map((m) => [m[1], m[2]] as const),
    );
    const slot = values.get("Slot") ?? "";
    if (slot === "") return [];
    const numa = values.get("NUMANode");
    return [{
      address: canonicalAddress(slot),
      kind: kindOfName(values.get("Class") ?? ""),
      name: values.get("Device") ?? null,
      numaNode: numa === undefined ? null : Number(numa),
      link: null,
      downgraded: null,
      path: null,
      aer: null,
      aliases: [],
    }];
  });
}

/**
 * Any form of lspci: `-vvv` with links and bus ranges, `-nn` and `-D` as a plain list, `-vmm` as records.
 *
 * @throws data error with the tool's words when no device is listed.
 */
export function parseLspci(text: string, label: string): Topology {
  const clean = text.replace(/^\uFEFF/, "");
  const records = /^Slot:/m.test(clean) ? parseRecords(clean) : [];
  const blocks = records.length > 0 ? [] : blocksOf(clean);
  if (records.length === 0 && blocks.length === 0) {
    const said = clean.trim().split("\n")[0]?.slice(0, 80) ?? "";
    throw dataError(
      `${label}: lspci lists no device, it says "${said}"`,
      "record it with lspci -vvv",
    );
  }
  const verbose = blocks.some((block) => block.lines.length > 0);
  const paths = pathsOf(blocks);
  const devices = blocks.map(({ address, title, lines }): PciDevice => {
    const { link, flagged } = linkOf(lines);
    const numa = lines.map((l) => /^NUMA node: (\d+)/.exec(l)).find((m) => m !== null);
    const title2 = title.split(/:\s(.*)/s);
    return {
      address,
      kind: kindOfName(title),
      name: title2[1]?.replace(/ \(rev .*\)$/, "") ?? null,
      numaNode: numa === undefined ? null : Number(numa[1]),
      link,
      downgraded: flagged ?? isDowngraded(link),
      path: verbose ? paths.get(address) ?? [] : null,
      aer: null,
      aliases: [],
    };
  });
  const errors = blocks.filter((block) => aerNote(block.lines)).length;
  return {
    source: "lspci",
    devices: records.length > 0 ? records : devices,
    distances: [],
    notes: [
      ...(verbose || records.length > 0 ? [] : ["a plain list: links and bridges need lspci -vvv"]),
      ...(errors === 0 ? [] : [`${errors} devices show a correctable error (AER CESta)`]),
    ],
  };
}
