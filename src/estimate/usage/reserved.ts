import type { Usage } from "../../model/usage.ts";

/** Capacity of the tiers in bytes over all instances, from the detail of a serving replay. */
export function reservedOf(detail: unknown, params: unknown): Record<string, number> | null {
  const d = detail as {
    tierCapacityBlocks?: Record<string, number>;
    storedBytesPerBlock?: number | null;
  } | undefined;
  const bytes = d?.storedBytesPerBlock;
  if (d?.tierCapacityBlocks === undefined || typeof bytes !== "number") return null;
  const instances = Number((params as { instances?: number }).instances ?? 1);
  return Object.fromEntries(
    Object.entries(d.tierCapacityBlocks).map(([name, n]) => [name, n * bytes * instances]),
  );
}

/**
 * The usage of a point with its tiers charged by the capacity it reserves for them, not by the bytes
 * that happened to lie there: a larger tier must cost more even when it stays half empty.
 */
export function reservedUsage(
  usage: Usage,
  reservedBytes: Readonly<Record<string, number>> | null,
): Usage {
  if (reservedBytes === null) return usage;
  const held = usage.held.filter((h) => !(h.tier in reservedBytes));
  const reserved = Object.entries(reservedBytes)
    .filter(([, bytes]) => bytes > 0)
    .map(([tier, bytes]) => ({
      tier: tier as Usage["held"][number]["tier"],
      byteSeconds: bytes * usage.wallSeconds,
    }));
  return { ...usage, held: [...held, ...reserved] };
}
