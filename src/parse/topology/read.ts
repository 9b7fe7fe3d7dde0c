import { PlaceError } from "../place_error.ts";
import { dataError } from "../../model/errors.ts";
import type { Topology } from "../../model/topology.ts";
import { smiFailure } from "../gpu/smi_failure.ts";
import { isLsblk, lsblkTopology } from "./lsblk.ts";
import { isLspci, parseLspci } from "./lspci.ts";
import { isNcclXml, parseNcclXml } from "./nccl_xml.ts";
import { isNvlinkStatus, parseNvlinkStatus } from "./nvlink.ts";
import { isSmiTopo, parseSmiTopo } from "./smi_topo.ts";

const READERS: readonly {
  readonly is: (text: string) => boolean;
  readonly parse: (text: string, label: string) => Topology;
}[] = [
  { is: isNcclXml, parse: parseNcclXml },
  { is: isLsblk, parse: lsblkTopology },
  { is: isSmiTopo, parse: parseSmiTopo },
  { is: isNvlinkStatus, parse: parseNvlinkStatus },
  { is: isLspci, parse: parseLspci },
];

/**
 * A recorded listing of devices, recognised by its content: lspci, NCCL's topology, the matrix of
 * nvidia-smi, its NVLink status, or lsblk.
 *
 * @throws data error with the tool's own words when it is none of them.
 */
export function readTopology(text: string, label: string): Topology {
  if (text.trim() === "") {
    throw dataError(
      `${label} is empty: the tool listed nothing`,
      "record it on a machine with devices",
    );
  }
  const reader = READERS.find(({ is }) => is(text));
  if (reader !== undefined) {
    try {
      return reader.parse(text, label);
    } catch (error) {
      if (!(error instanceof PlaceError)) throw error;
      const { line, column, message, hint } = error;
      throw dataError(`${label}:${line}:${column}: ${message}`, hint, { cause: error });
    }
  }
  const failure = smiFailure(text) ?? /^(pcilib|lspci): .*/m.exec(text)?.[0] ?? null;
  throw dataError(
    `${label} lists no devices${failure === null ? "" : `: ${failure}`}`,
    "give the output of lspci -vvv, nvidia-smi topo -m, nvidia-smi nvlink -s, lsblk --json or a topology of NCCL",
  );
}
