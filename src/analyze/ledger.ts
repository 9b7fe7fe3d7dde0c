import type { RunRecord } from "../model/results.ts";
import type { RunView, SeriesResult } from "./run_view.ts";

export type LedgerRow = RunRecord["ledger"][number];

/** NVMe counts data in units of 1000 blocks of 512 bytes (NVMe base specification, SMART log). */
const NVME_UNIT_BYTES = 512_000;

/** Gauges of a drive that say how much of it is used up: their change belongs to its wear. */
const WEAR_GAUGES: readonly string[] = ["percentage_used", "available_spare_ratio"];

function isWearGauge({ series }: SeriesResult): boolean {
  return series.source === "nvme" && WEAR_GAUGES.includes(series.field);
}

function rowOf({ series, total }: SeriesResult): LedgerRow {
  const known = total.count >= 2;
  return {
    source: series.source,
    device: series.device,
    field: series.field,
    unit: series.unit,
    before: total.first,
    after: total.last,
    // A gauge goes both ways: spare blocks that were used up make a negative change.
    delta: !known ? null : series.type === "counter" ? total.increase : total.last! - total.first!,
    reason: total.resets > 0
      ? `the counter was reset ${total.resets} time(s): the delta counts from each reset`
      : known
      ? null
      : total.missingReason ?? "it was read fewer than two times",
  };
}

function nvmeBytes(row: LedgerRow, field: string): LedgerRow {
  const bytes = (units: number | null) => units === null ? null : units * NVME_UNIT_BYTES;
  return {
    ...row,
    field,
    unit: "bytes",
    before: bytes(row.before),
    after: bytes(row.after),
    delta: bytes(row.delta),
  };
}

/**
 * The ledger of a run: every counter of a device before and after, with what it counted between, and of
 * drives the life used and the spare blocks left. Drives
 * get rows in bytes beside their own units, since a delta of units stays exact where the total does not.
 */
export function runLedger(view: RunView): LedgerRow[] {
  return view.all
    .filter((result) => result.series.type === "counter" || isWearGauge(result))
    .flatMap((result) => {
      const row = rowOf(result);
      if (row.source !== "nvme") return [row];
      if (row.field === "data_units_written") return [row, nvmeBytes(row, "host_written_bytes")];
      if (row.field === "data_units_read") return [row, nvmeBytes(row, "host_read_bytes")];
      return [row];
    });
}
