import { linkGenerationBytesPerSecond } from "../../model/link_rate.ts";
import type { RunView } from "../run_view.ts";
import type { StallCeilings } from "../../model/stalls.ts";

/** Ceilings that were measured on this machine (a hardware profile of `calibrate`). */
export interface MeasuredCeilings {
  readonly pcieBytesPerSecond?: number;
  readonly readBytesPerSecond?: number;
  readonly writeBytesPerSecond?: number;
}

/** Headers and flow control leave this share of a link's rate to payload (256-byte packets). */
const PAYLOAD_SHARE = 0.85;

/**
 * The ceilings of a run: the measured ones where there are any, else for the link the rate of the generation
 * and width it ran at. Disks without a measured ceiling have none: their own busy time decides.
 */
export function ceilingsOf(view: RunView, measured: MeasuredCeilings = {}): StallCeilings {
  const rates = ["nvml", "nvidia-smi", "dcgm"].flatMap((source) =>
    view.known(source, "link_generation").map(({ series, total }) => {
      const lanes = view.get(source, series.device, "link_width_lanes")?.max ?? null;
      return lanes === null ? null : linkGenerationBytesPerSecond(total.max!, lanes);
    }).filter((rate) => rate !== null)
  );
  const rated = rates.length === 0 ? null : PAYLOAD_SHARE * Math.max(...rates);
  return {
    pcieBytesPerSecond: measured.pcieBytesPerSecond ?? rated,
    readBytesPerSecond: measured.readBytesPerSecond ?? null,
    writeBytesPerSecond: measured.writeBytesPerSecond ?? null,
  };
}
