import type { StorageProfile } from "../../model/profiles/hardware.ts";
import type { TierName } from "../../model/usage.ts";

/** A place that holds files or objects, as its users together see it. Infinity: no limit. */
export interface StorageTier {
  readonly name: TierName;
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  /** Opens, stats and lookups a second. */
  readonly metadataPerSecond: number;
  /** Seconds of one request on an idle tier. */
  readonly readSeconds: number;
  readonly writeSeconds: number;
  readonly capacityBytes: number;
}

/** What is asked of a tier. */
export interface TierWork {
  readonly bytes: number;
  readonly requests: number;
  readonly metadata: number;
}

/** A tier that nothing limits: where a few numbers describe one, the rest of it. */
export function unlimitedTier(name: TierName): StorageTier {
  return {
    name,
    readBytesPerSecond: Infinity,
    writeBytesPerSecond: Infinity,
    readsPerSecond: Infinity,
    writesPerSecond: Infinity,
    metadataPerSecond: Infinity,
    readSeconds: 0,
    writeSeconds: 0,
    capacityBytes: Infinity,
  };
}

/** A device class of a profile, all its devices together. What the profile leaves out never limits. */
export function tierOf(name: TierName, storage: StorageProfile): StorageTier {
  const { count } = storage;
  return {
    name,
    readBytesPerSecond: count * storage.readBytesPerSecond.value,
    writeBytesPerSecond: count * storage.writeBytesPerSecond.value,
    readsPerSecond: count * (storage.readIops?.value ?? Infinity),
    writesPerSecond: count * (storage.writeIops?.value ?? Infinity),
    metadataPerSecond: count * (storage.metadataPerSecond?.value ?? Infinity),
    readSeconds: storage.readLatencySeconds?.value ?? 0,
    writeSeconds: storage.writeLatencySeconds?.value ?? 0,
    capacityBytes: count * storage.capacityBytes,
  };
}

/** Seconds that a tier needs for some reads or writes: its bandwidth, its operations or its metadata, the slowest. */
export function tierSeconds(
  tier: StorageTier,
  work: TierWork,
  direction: "read" | "write" = "read",
): number {
  const [bytes, requests] = direction === "read"
    ? [tier.readBytesPerSecond, tier.readsPerSecond]
    : [tier.writeBytesPerSecond, tier.writesPerSecond];
  return Math.max(
    work.bytes / bytes,
    work.requests / requests,
    work.metadata / tier.metadataPerSecond,
  );
}
