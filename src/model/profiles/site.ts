import { z } from "zod";

/** An interval: low <= mid <= high. A bare number is a point. */
export const intervalSchema = z.union([
  z.number(),
  z.object({ low: z.number(), mid: z.number(), high: z.number() }),
]).transform((input) => typeof input === "number" ? { low: input, mid: input, high: input } : input)
  .refine((i) => i.low <= i.mid && i.mid <= i.high, "expected low <= mid <= high");

export type Interval = z.infer<typeof intervalSchema>;

/** Where an object store can be, seen from the machine. */
export const OBJECT_PLACES = ["same-region", "other-region", "internet"] as const;

export type ObjectPlace = (typeof OBJECT_PLACES)[number];

/** Where the machine stands: grid, PUE, prices. Null means "take the built-in factor". */
export const siteProfileSchema = z.object({
  schema: z.literal("spillway/site/1").default("spillway/site/1"),
  name: z.string().min(1),
  /** Grid intensity, gCO2e per kWh, location-based average. */
  gridGramsPerKwh: intervalSchema.nullable().default(null),
  /** Key of a built-in grid row (`aws us-east-1`), when the number is not given. */
  grid: z.string().nullable().default(null),
  marginalGramsPerKwh: intervalSchema.nullable().default(null),
  pue: intervalSchema.nullable().default(null),
  wueLitresPerKwh: intervalSchema.nullable().default(null),
  electricityUsdPerKwh: intervalSchema.nullable().default(null),
  lifeYears: intervalSchema.nullable().default(null),
  depreciationYears: intervalSchema.nullable().default(null),
  /** `owned`: capex and power are paid; `rented`: hours, storage and requests are. */
  ownership: z.enum(["owned", "rented"]).default("owned"),
  instanceUsdPerHour: intervalSchema.nullable().default(null),
  /** Where the object store is, seen from the machine: what its egress costs; absent when unknown. */
  objectPlace: z.enum(OBJECT_PLACES).optional(),
  source: z.string().default("given by the user"),
  asOf: z.string().nullable().default(null),
});

export type SiteProfile = z.infer<typeof siteProfileSchema>;
