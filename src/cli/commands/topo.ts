import { Command } from "@cliffy/command";
import { z } from "zod";
import { dataError } from "../../model/errors.ts";
import {
  type PciDevice,
  type PciLink,
  sharedSwitches,
  type Topology,
} from "../../model/topology.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

interface Options extends GlobalOptions {
  readonly from?: string;
  readonly all?: boolean;
}

const WATCHED = ["gpu", "nvme", "nic", "storage"] as const;

const output = z.object({
  schema: z.literal("spillway/topo/1"),
  source: z.string(),
  devices: z.array(z.unknown()),
  sharedSwitches: z.array(z.object({ bridge: z.string(), devices: z.array(z.string()) })),
  distances: z.array(z.object({ a: z.string(), b: z.string(), distance: z.string() })),
  notes: z.array(z.string()),
});

async function topologyOf(options: Options): Promise<Topology> {
  if (options.from === undefined) {
    const { readSysTopology } = await import("../../collect/topology/sysfs.ts");
    return readSysTopology("");
  }
  const text = readTextIfExists(options.from);
  if (text === null) throw dataError(`${options.from} does not exist`);
  const { readTopology } = await import("../../parse/topology/read.ts");
  return readTopology(text, options.from);
}

function linkText(link: PciLink | null): string {
  if (link === null || link.speedGts === null || link.lanes === null) return "-";
  return `${link.speedGts} GT/s x${link.lanes}`;
}

function maxText(device: PciDevice): string {
  const { link, downgraded } = device;
  if (link === null || link.maxSpeedGts === null || link.maxLanes === null) return "";
  const most = `${link.maxSpeedGts} GT/s x${link.maxLanes}`;
  return downgraded === true ? `downgraded from ${most}` : "at its maximum";
}

/** Distances as the matrix they came from. */
function matrix({ distances }: Topology, out: Output): string {
  const names = [...new Set(distances.map((d) => d.a))];
  return renderTable(
    [{ title: "" }, ...names.map((title) => ({ title }))],
    names.map((a) => [
      a,
      ...names.map((b) =>
        a === b ? "-" : distances.find((d) => d.a === a && d.b === b)?.distance ?? "?"
      ),
    ]),
    out.width,
    out.style.bold,
  );
}

function render(topology: Topology, options: Options, out: Output): string {
  const shown = topology.devices.filter((d) =>
    options.all || (WATCHED as readonly string[]).includes(d.kind)
  );
  const parts: string[] = [];
  if (shown.length > 0) {
    parts.push(renderTable(
      [
        { title: "device" },
        { title: "kind" },
        { title: "name", flexible: true },
        { title: "link now", flexible: true },
        { title: "link at most", flexible: true },
        { title: "NUMA", align: "right" },
      ],
      shown.map((d) => [
        d.address,
        d.kind,
        safeText([...d.aliases, d.name ?? ""].filter((t) => t !== "").join(" ")),
        linkText(d.link),
        maxText(d),
        d.numaNode === null ? "" : String(d.numaNode),
      ]),
      out.width,
      out.style.bold,
    ));
  }
  const slow = topology.devices.filter((d) => d.downgraded === true && !shown.includes(d)).length;
  const groups = sharedSwitches(topology.devices, WATCHED);
  const lines = [
    ...groups.map(({ bridge, devices }) => `${devices.join(", ")} share the bridge ${bridge}`),
    ...shown.filter((d) =>
      (d.aer?.correctable ?? 0) + (d.aer?.nonfatal ?? 0) + (d.aer?.fatal ?? 0) > 0
    )
      .map((d) =>
        `${d.address}: AER counted ${d.aer!.correctable ?? 0} correctable, ${
          d.aer!.nonfatal ?? 0
        } ` +
        `non-fatal, ${d.aer!.fatal ?? 0} fatal errors`
      ),
    ...(options.all || slow === 0
      ? []
      : [`${slow} links of bridges and other devices are downgraded too: --all shows them`]),
    ...topology.notes,
  ];
  if (topology.distances.length > 0) parts.push(matrix(topology, out));
  if (lines.length > 0) {
    parts.push(lines.flatMap((line) => wrapText(safeText(line), out.width)).join("\n") + "\n");
  }
  return parts.length === 0 ? "no device to show\n" : parts.join("\n");
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const topology = await topologyOf(options);
  await out.emit({
    schema: "spillway/topo/1",
    source: topology.source,
    devices: topology.devices,
    sharedSwitches: sharedSwitches(topology.devices, WATCHED),
    distances: topology.distances,
    notes: topology.notes,
  }, () => render(topology, options, out));
}

export const command: CommandModule = {
  name: "topo",
  summary: "show how GPUs, drives and network cards are attached, and which links are downgraded",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Reads the PCI tree from sysfs: the way of every GPU, NVMe drive and network card to the root " +
          "complex, its link now and at most (downgraded when lower), AER errors, and which devices share " +
          "a switch. With --from it reads a recorded lspci -vvv, nvidia-smi topo -m, nvidia-smi nvlink -s, " +
          "lsblk --json or a topology file of NCCL.",
      )
      .option("--from <file:file>", "Read this recording instead of this machine.")
      .option("--all", "Show bridges and other devices too.")
      .example("This machine", "spillway topo")
      .example("A recorded server", "spillway topo --from lspci-vvv.txt")
      .action((options: Options) => run(options)),
};
