import { z } from "zod";

export const evidenceSchema = z.enum(["measured", "replayed", "modelled", "assumed"]);

/** One metric value as every `--json` prints it. */
export const metricValueSchema = z.strictObject({
  value: z.union([z.number(), z.string()]).nullable()
    .describe("null when unknown; integers above 2^53 are decimal strings"),
  unit: z.string(),
  evidence: evidenceSchema,
  low: z.number().optional(),
  high: z.number().optional(),
  count: z.number().optional().describe("observations behind the value"),
  reason: z.string().optional().describe("why it is null, or what a reader must know"),
});

export const metricsSchema = z.record(z.string(), metricValueSchema);

export const toolSchema = z.strictObject({ name: z.literal("spillway"), version: z.string() });

const tierSchema = z.enum(["hbm", "dram", "peer_dram", "ssd", "hdd", "remote", "object"]);

export const usageSchema = z.strictObject({
  wallSeconds: z.number(),
  functionalUnits: z.record(z.string(), z.number()),
  devices: z.array(z.strictObject({
    kind: z.enum(["gpu", "cpu", "dram", "ssd", "hdd", "nic", "node"]),
    key: z.string().optional(),
    count: z.number(),
    reservedSeconds: z.number(),
    busySeconds: z.number().nullable(),
    kindAssumed: z.literal(true).optional(),
  })),
  flows: z.array(z.strictObject({
    tier: tierSchema,
    direction: z.enum(["read", "write"]),
    bytes: z.number(),
    requests: z.number(),
  })),
  held: z.array(z.strictObject({ tier: tierSchema, byteSeconds: z.number() })),
  measured: z.strictObject({
    joules: z.strictObject({
      gpu: z.number().optional(),
      cpu: z.number().optional(),
      package: z.number().optional(),
      node: z.number().optional(),
      dram: z.number().optional(),
      ssd: z.number().optional(),
    }).optional(),
    coverageRatio: z.number().optional(),
    ssdHostWrittenBytes: z.number().optional(),
    ssdMediaWrittenBytes: z.number().optional(),
    gpuIntegralJoules: z.number().optional(),
    drives: z.array(z.strictObject({
      device: z.string(),
      lifetimeHostBytes: z.number(),
      powerOnHours: z.number(),
    })).optional(),
  }).optional(),
  evidence: evidenceSchema,
});
