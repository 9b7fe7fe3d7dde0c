import type { Quantity, StorageProfile } from "../hardware.ts";

function sheet(value: number, source: string): Quantity {
  return { value, evidence: "assumed", source };
}

interface Sheet {
  readonly name: string;
  readonly capacityBytes: number;
  readonly readMBps: number;
  readonly writeMBps: number;
  readonly readKiops: number;
  readonly writeKiops: number;
  readonly readMicroseconds: number;
  readonly writeMicroseconds: number;
  readonly enduranceBytes: number | null;
  readonly watts: number | null;
  readonly source: string;
}

/** A drive from its data sheet. Sequential rates; latencies of one request at queue depth 1. */
function drive(s: Sheet): Omit<StorageProfile, "count"> {
  return {
    name: s.name,
    capacityBytes: s.capacityBytes,
    readBytesPerSecond: sheet(s.readMBps * 1e6, s.source),
    writeBytesPerSecond: sheet(s.writeMBps * 1e6, s.source),
    readLatencySeconds: sheet(s.readMicroseconds * 1e-6, s.source),
    writeLatencySeconds: sheet(s.writeMicroseconds * 1e-6, s.source),
    readIops: sheet(s.readKiops * 1e3, s.source),
    writeIops: sheet(s.writeKiops * 1e3, s.source),
    enduranceBytes: s.enduranceBytes,
    ...(s.watts === null ? {} : { activeWatts: sheet(s.watts, s.source) }),
  };
}

/** 6.4 TB, 3 DWPD over 5 years: 35,040 TB written (random), as its sheet says. */
export const MICRON_9550_MAX = drive({
  name: "Micron 9550 MAX 6.4TB",
  capacityBytes: 6.4e12,
  readMBps: 14000,
  writeMBps: 10000,
  readKiops: 3300,
  writeKiops: 640,
  readMicroseconds: 60,
  writeMicroseconds: 15,
  enduranceBytes: 35040e12,
  watts: 18,
  source: "storagereview copy of the data sheet",
});

/** The drive of HCache's testbed; 1.3 DWPD over 5 years gives 18.22 PB. Latencies are BLIS's gen-4 80 us. */
export const SAMSUNG_PM9A3 = drive({
  name: "Samsung PM9A3 7.68TB",
  capacityBytes: 7.68e12,
  readMBps: 6500,
  writeMBps: 3500,
  readKiops: 900,
  writeKiops: 200,
  readMicroseconds: 80,
  writeMicroseconds: 80,
  enduranceBytes: 7.68e12 * 1.3 * 365 * 5,
  watts: null,
  source: "computerbase 2020-05 and heise 4720224 (launch sheet); latency: BLIS nvme_gen4",
});

/** A client drive without power-loss protection; 2,400 TB written. */
export const SAMSUNG_990_PRO = drive({
  name: "Samsung 990 PRO 4TB",
  capacityBytes: 4e12,
  readMBps: 7450,
  writeMBps: 6900,
  readKiops: 1600,
  writeKiops: 1550,
  readMicroseconds: 80,
  writeMicroseconds: 80,
  enduranceBytes: 2400e12,
  watts: 6.5,
  source: "mezha.media, syspartsdirect; latency: BLIS nvme_gen4",
});
