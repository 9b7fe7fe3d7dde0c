import { weakestEvidence } from "../../model/evidence.ts";
import type { Usage } from "../../model/usage.ts";
import { daysToWearOut, wearRatio, writeAmplification } from "../formulas/embodied.ts";
import { BYTES_PER_GB } from "../formulas/units.ts";
import type { EstimateContext } from "./context.ts";
import { driveRates } from "./drive_rate.ts";
import { ratedDriveWrites, ssdWrittenBytes } from "./embodied_terms.ts";
import { flowBytes, heldByteSeconds } from "./amounts.ts";
import { isKnown, type Put, type Quantity, type Unknowable } from "./quantity.ts";

/** Bytes written to spinning disks; null where the usage has none. */
function spinningBytes(usage: Usage): number | null {
  const there = usage.devices.some((d) => d.kind === "hdd") || heldByteSeconds(usage, "hdd") > 0 ||
    flowBytes(usage, "both", "hdd") > 0;
  return there ? flowBytes(usage, "write", "hdd") : null;
}

function spinningWords(bytes: number): string {
  return `${
    (bytes / BYTES_PER_GB).toPrecision(4)
  } GB went to spinning disks, which have no rated ` +
    "writes: no wear is charged for them (a virtual disk calls itself spinning whatever lies behind it)";
}

/** What the kinds of the disks mean for wear, where it is not plain from the numbers. */
export function diskNotes(usage: Usage): string[] {
  const spun = spinningBytes(usage);
  const ssd = ssdWrittenBytes(usage) > 0 || heldByteSeconds(usage, "ssd") > 0;
  return [
    ...(spun !== null && ssd ? [spinningWords(spun)] : []),
    ...(usage.devices.some((d) => d.kind === "hdd") && heldByteSeconds(usage, "hdd") === 0
      ? [
        "no embodied carbon is charged for spinning disks: nothing says which share of them is held",
      ]
      : []),
    ...(usage.devices.some((d) => d.kind === "ssd" && d.kindAssumed)
      ? [
        "nothing says whether a disk spins: it is taken to be an SSD, and its writes wear it",
      ]
      : []),
  ];
}

/** Share of the rated life of the drives, and days until it is used up at this rate. */
export function putWear(
  usage: Usage,
  context: EstimateContext,
  put: Put,
): void {
  const written = ssdWrittenBytes(usage);
  if (written === 0 && heldByteSeconds(usage, "ssd") === 0) {
    const spun = spinningBytes(usage);
    if (spun !== null) put("ssd_wear_ratio", { unit: "ratio", reason: spinningWords(spun) });
    return;
  }
  const evidence = usage.measured?.ssdHostWrittenBytes === undefined
    ? usage.evidence
    : "measured" as const;
  put("ssd_written_bytes", {
    unit: "bytes",
    formula:
      "host bytes written to local SSDs: the drives' own counters where read, else the flows",
    coefficients: [],
    evidence,
    value: () => written,
  });
  const held = usage.wallSeconds > 0 ? heldByteSeconds(usage, "ssd") / usage.wallSeconds : 0;
  const known = context.factors.has("drives.tbw_bytes");
  const rated = ratedDriveWrites(context.factors);
  const wear: Quantity | Unknowable = known
    ? {
      unit: "ratio",
      formula: "host bytes written / TBW of the server's drives (F8)",
      coefficients: ["drives.tbw_bytes"],
      evidence: weakestEvidence(evidence, "modelled"),
      value: (get) => written / get("drives.tbw_bytes"),
    }
    : held > 0
    ? {
      unit: "ratio",
      formula:
        "GB written / (mean GB held x rated drive writes) (F8, F12): of the held share alone",
      coefficients: rated.ids,
      evidence: weakestEvidence(evidence, "assumed"),
      value: (get) => written / (held * rated.value(get)),
    }
    : {
      unit: "ratio",
      reason: `${(written / BYTES_PER_GB).toPrecision(4)} GB were written, but no drive with an ` +
        "endurance is known; give --hardware",
    };
  put("ssd_wear_ratio", wear);
  const media = usage.measured?.ssdMediaWrittenBytes;
  const host = usage.measured?.ssdHostWrittenBytes;
  const amplification = media === undefined || host === undefined
    ? null
    : writeAmplification(media, host);
  if (amplification !== null) {
    put("ssd_write_amplification_ratio", {
      unit: "ratio",
      formula: "media bytes / host bytes (F10)",
      coefficients: [],
      evidence: "measured",
      value: () => amplification,
    });
  }
  if (media !== undefined && host !== undefined && host > 0) {
    putNandWear(media, host, context, put);
  }
  const rates = driveRates(usage, context.factors);
  const writing = rates?.drives.filter((d) => d.bytesPerHour > 0) ?? [];
  if (rates !== null && writing.length > 0) {
    put("ssd_left_days", {
      unit: "days",
      formula:
        "least over the drives: (TBW of a drive - host bytes written so far) / its own mean rate (SMART)",
      coefficients: rates.ids.filter((id) => id !== "drives.capacity_bytes"),
      evidence: weakestEvidence("measured", "modelled"),
      value: (get) =>
        Math.min(...writing.map((d) =>
          daysToWearOut(
            get("drives.tbw_bytes") / rates.count,
            d.lifetimeHostBytes,
            24 * d.bytesPerHour,
          )!
        )),
    });
  }
  if (isKnown(wear) && written > 0 && usage.wallSeconds > 0) {
    put("ssd_wear_out_days", {
      ...wear,
      unit: "days",
      formula: "wall time / SSD wear of it: days until the rated writes are used up at this rate",
      value: (get) => usage.wallSeconds / 86_400 / wear.value(get),
    });
  }
}

/**
 * The two other ways to count wear, where the user knows what they need: NAND bytes over what the rated
 * writes are in NAND bytes, or over the endurance of the cells. Shown beside the host bytes over TBW, never
 * multiplied into them: the rated amplification is inside TBW already (P3).
 */
function putNandWear(media: number, host: number, context: EstimateContext, put: Put): void {
  const { factors } = context;
  const evidence = weakestEvidence("measured", "assumed");
  if (factors.has("ssd.rated_amplification") && factors.has("drives.tbw_bytes")) {
    put("ssd_wear_amplified_ratio", {
      unit: "ratio",
      formula: "host bytes x amplification / (TBW x rated amplification) (F8)",
      coefficients: ["ssd.rated_amplification", "drives.tbw_bytes"],
      evidence,
      value: (get) =>
        wearRatio({
          method: "amplified-over-rated",
          hostBytes: host,
          writeAmplification: media / host,
          tbwBytes: get("drives.tbw_bytes"),
          ratedWriteAmplification: get("ssd.rated_amplification"),
        }),
    });
  }
  if (factors.has("ssd.pe_cycles") && factors.has("drives.raw_bytes")) {
    put("ssd_wear_nand_ratio", {
      unit: "ratio",
      formula: "NAND bytes / (program-erase cycles x raw bytes) (F8)",
      coefficients: ["ssd.pe_cycles", "drives.raw_bytes"],
      evidence,
      value: (get) =>
        wearRatio({
          method: "nand-over-endurance",
          nandBytes: media,
          programEraseCycles: get("ssd.pe_cycles"),
          rawBytes: get("drives.raw_bytes"),
        }),
    });
  }
}
