import type { RunRecord } from "../model/results.ts";
import type { RunView, SeriesResult } from "./run_view.ts";

export type LedgerRow = RunRecord["ledger"][number];

/** NVMe counts data in units of 1000 blocks of 512 bytes (NVMe base specification, SMART log). */
const NVME_UNIT_BYTES = 512_000;

function rowOf({ series, total }: SeriesResult): LedgerRow {
  const known = total.count >= 2;
  return {
    source: series.source,
    device: series.device,
    field: series.field,
    unit: series.unit,
    before: total.first,
    after: total.last,
    delta: known ? total.increase : null,
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
 * The ledger of a run: every counter of a device before and after, with what it counted between. Drives
 * get rows in bytes beside their own units, since a delta of units stays exact where the total does not.
 */
export function runLedger(view: RunView): LedgerRow[] {
  return view.all
    .filter(({ series }) => series.type === "counter")
    .flatMap((result) => {
      const row = rowOf(result);
      if (row.source !== "nvme") return [row];
      if (row.field === "data_units_written") return [row, nvmeBytes(row, "host_written_bytes")];
      if (row.field === "data_units_read") return [row, nvmeBytes(row, "host_read_bytes")];
      return [row];
    });
}
