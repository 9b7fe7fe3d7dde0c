import { dataError } from "../../model/errors.ts";
import {
  canonicalAddress,
  isDowngraded,
  kindOfClass,
  type PciDevice,
  type Topology,
} from "../../model/topology.ts";
import { counterOf } from "../numbers.ts";
import { parseLinkSpeed } from "../pcie.ts";
import { parseXml, type XmlElement } from "../xml.ts";

/** Whether a text is a topology file of NCCL. */
export function isNcclXml(text: string): boolean {
  return /^\s*(<\?xml[^>]*>\s*)?<system\b/.test(text);
}

/** A topology that NCCL reads or dumps (NCCL_TOPO_FILE, NCCL_TOPO_DUMP_FILE). @throws data error without a PCI device. */
export function parseNcclXml(text: string, label: string): Topology {
  const devices: PciDevice[] = [];
  const visit = (element: XmlElement, numaNode: number | null, path: readonly string[]) => {
    if (element.name === "cpu") {
      const numa = counterOf(element.attributes.numaid);
      for (const child of element.children) visit(child, numa, path);
      return;
    }
    if (element.name !== "pci") return;
    const { busid = "", class: code = "", link_speed: speed = "", link_width: width = "" } =
      element.attributes;
    const address = canonicalAddress(busid);
    const link = {
      speedGts: parseLinkSpeed(speed),
      maxSpeedGts: null,
      lanes: counterOf(width),
      maxLanes: null,
    };
    devices.push({
      address,
      kind: kindOfClass(code),
      name: null,
      numaNode,
      link,
      downgraded: isDowngraded(link),
      path,
      aer: null,
      aliases: element.children.flatMap((child) =>
        child.name === "gpu" && child.attributes.dev !== undefined
          ? [`GPU-${child.attributes.dev}`]
          : child.children.flatMap((net) => net.attributes.name ?? [])
      ),
    });
    for (const child of element.children) visit(child, numaNode, [...path, address]);
  };
  const roots = parseXml(text).filter((element) => element.name === "system");
  for (const root of roots) for (const child of root.children) visit(child, null, []);
  if (devices.length === 0) throw dataError(`${label}: no PCI device in this topology of NCCL`);
  return {
    source: "nccl",
    devices,
    distances: [],
    notes: ["NCCL keeps the present speed of links only: whether they are downgraded is not known"],
  };
}
