import { type Evidence, weakestEvidence } from "../../model/evidence.ts";
import type { Usage } from "../../model/usage.ts";
import { embodiedByWear } from "../formulas/embodied.ts";
import { BYTES_PER_GB, SECONDS_PER_YEAR } from "../formulas/units.ts";
import { NO_GPU_NAME } from "./context.ts";
import { type DriveRates, driveRates, usedUpGb } from "./drive_rate.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import type { Formula, Reader } from "../interval.ts";
import {
  flowBytes,
  gpuReservedSeconds,
  heldByteSeconds,
  hostReservedSeconds,
  wholeServer,
} from "./amounts.ts";
import { GPUS_PER_HOST, type Hosts } from "./energy_terms.ts";
import type { Part, Term, Terms } from "./term.ts";

/** Host bytes written to local SSDs: the drives' own counters where read, else the flows. */
export function ssdWrittenBytes(usage: Usage): number {
  return usage.measured?.ssdHostWrittenBytes ?? flowBytes(usage, "write", "ssd");
}

/** DRAM that is charged by the gigabyte: that of a whole server comes with it. */
export function pricedDramByteSeconds(usage: Usage): number {
  return wholeServer(usage)
    ? heldByteSeconds(usage, "peer_dram")
    : heldByteSeconds(usage, "dram", "peer_dram");
}

/** Writes of a whole drive over its rated life: endurance over capacity. */
export function ratedDriveWrites(factors: FactorSet): { ids: string[]; value: Formula } {
  if (factors.has("drives.tbw_bytes")) {
    return {
      ids: ["drives.tbw_bytes", "drives.capacity_bytes"],
      value: (get) => get("drives.tbw_bytes") / get("drives.capacity_bytes"),
    };
  }
  return {
    ids: ["ssd.dwpd", "ssd.warranty_years"],
    value: (get) => get("ssd.dwpd") * 365 * get("ssd.warranty_years"),
  };
}

/**
 * What SSD storage uses up, in gigabytes of drive life (F9): by time the GB-seconds held over the
 * service life, by wear the GB written over the rated writes; the larger binds, never the sum.
 */
export function ssdLifeGb(usage: Usage, factors: FactorSet) {
  const heldGbSeconds = heldByteSeconds(usage, "ssd", "remote") / BYTES_PER_GB;
  const remote = flowBytes(usage, "write", "remote");
  const writtenGb = (ssdWrittenBytes(usage) + remote) / BYTES_PER_GB;
  const rated = ratedDriveWrites(factors);
  const wear: Formula = (get) => writtenGb === 0 ? 0 : writtenGb / rated.value(get);
  return {
    used: heldGbSeconds > 0 || writtenGb > 0,
    wear,
    binding: (lifeId: string): Formula => (get) =>
      Math.max(heldGbSeconds / (get(lifeId) * SECONDS_PER_YEAR), wear(get)),
    ids: writtenGb > 0 ? rated.ids : [],
  };
}

/** Drives by their own mean rates, whoever runs on them (F9); what the job wears off is its own (F8). */
function drivesTerm(usage: Usage, rates: DriveRates, evidence: Evidence): Term {
  const used = usedUpGb(rates, usage.wallSeconds, "life.years");
  return {
    account: "embodied",
    part: "storage",
    formula:
      "g/GB x sum over drives of GB x reserved s / min(life, TBW / the drive's own mean rate) (F9)",
    coefficients: ["ssd.embodied", "life.years", ...rates.ids],
    evidence,
    sunk: true,
    value: (get) => get("ssd.embodied") * used(get),
    decision: (get) =>
      embodiedByWear(get("ssd.embodied") * get("drives.capacity_bytes") / BYTES_PER_GB, {
        method: "host-over-tbw",
        hostBytes: ssdWrittenBytes(usage),
        tbwBytes: get("drives.tbw_bytes"),
      }),
  };
}

/** Embodied carbon of the reserved hardware (F7), wear of SSDs by the binding constraint (F9). */
export function embodiedTerms(usage: Usage, factors: FactorSet, hosts: Hosts = "bare"): Terms {
  const terms: Term[] = [];
  const notes: string[] = [];
  const evidence = weakestEvidence(usage.evidence, "assumed");
  const byLife = (part: Part, formula: string, ids: string[], grams: (get: Reader) => number) =>
    terms.push({
      account: "embodied",
      part,
      formula: `${formula} / life (F7)`,
      coefficients: [...ids, "life.years"],
      evidence,
      sunk: true,
      value: (get) => grams(get) / (get("life.years") * SECONDS_PER_YEAR),
    });
  for (const device of usage.devices.filter((d) => d.kind === "gpu" && d.reservedSeconds > 0)) {
    const own = `gpu.${device.key}.embodied`;
    const id = factors.has(own) ? own : "gpu.generic.embodied";
    if (id !== own) {
      notes.push(
        device.key === undefined
          ? `${NO_GPU_NAME}: the embodied carbon of a generic card is taken`
          : `no embodied figure for GPU "${device.key}": a generic card is taken`,
      );
    }
    byLife(
      "gpu",
      "kg a card x reserved s",
      [id],
      (get) => get(id) * 1000 * device.reservedSeconds,
    );
  }
  const gpuSeconds = gpuReservedSeconds(usage);
  const hostSeconds = hostReservedSeconds(usage);
  if (gpuSeconds > 0) {
    const id = hosts === "whole" ? "host8.embodied" : "host8.embodied_without_memory";
    byLife(
      "host",
      `kg of an 8-GPU host ${
        hosts === "whole" ? "with its" : "without"
      } DRAM and SSD x reserved GPU s / 8`,
      [id],
      (get) => get(id) * 1000 * gpuSeconds / GPUS_PER_HOST,
    );
  } else if (hostSeconds > 0) {
    byLife(
      "host",
      "kg a server with its DRAM x reserved s",
      ["server.cpu.embodied"],
      (get) => get("server.cpu.embodied") * 1000 * hostSeconds,
    );
  }
  if (wholeServer(usage) && heldByteSeconds(usage, "dram") > 0) {
    notes.push("the embodied carbon of DRAM is inside server.cpu.embodied and not charged again");
  }
  const dram = pricedDramByteSeconds(usage) / BYTES_PER_GB;
  if (dram > 0) {
    byLife(
      "dram",
      "GB-seconds held x g/GB",
      ["dram.embodied"],
      (get) => dram * get("dram.embodied"),
    );
  }
  const ssd = ssdLifeGb(usage, factors);
  const rates = driveRates(usage, factors);
  if (rates !== null) {
    terms.push(drivesTerm(usage, rates, evidence));
    notes.push(
      `SSDs are charged by their own mean rates, ${
        rates.drives.map((d) =>
          `${d.device} ${(d.bytesPerHour / BYTES_PER_GB).toPrecision(3)} GB/h over ` +
          `${d.powerOnHours} power-on hours`
        ).join(", ")
      } (SMART), whole drives for the time of the run`,
    );
  } else if (ssd.used) {
    if (usage.evidence === "measured" && ssdWrittenBytes(usage) > 0) {
      notes.push(
        "no lifetime of the drives is known (SMART and --hardware): the run is taken to be alone on them, " +
          "its own write rate decides",
      );
    }
    const life = ssd.binding("life.years");
    terms.push({
      account: "embodied",
      part: "storage",
      formula: "g/GB x max(GB-seconds held / life, GB written / rated drive writes) (F9)",
      coefficients: ["ssd.embodied", "life.years", ...ssd.ids],
      evidence,
      sunk: true,
      value: (get) => get("ssd.embodied") * life(get),
      decision: (get) => get("ssd.embodied") * ssd.wear(get),
    });
  }
  const hdd = heldByteSeconds(usage, "hdd") / BYTES_PER_GB;
  const object = heldByteSeconds(usage, "object") / BYTES_PER_GB;
  if (hdd > 0 || object > 0) {
    byLife(
      "storage",
      "GB-seconds held x copies x kg a drive / GB a drive",
      ["hdd.embodied", "hdd.capacity", ...(object > 0 ? ["object.replication"] : [])],
      (get) =>
        (hdd + (object > 0 ? object * get("object.replication") : 0)) *
        get("hdd.embodied") * 1000 / get("hdd.capacity"),
    );
  }
  return { terms, unknown: [], notes };
}
