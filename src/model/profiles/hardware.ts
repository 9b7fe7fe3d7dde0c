import { z } from "zod";
import { engineProfileSchema } from "./engine.ts";
import { type Quantity, quantitySchema } from "./quantity.ts";

export { type Quantity, quantitySchema };

/** One way of using a storage device, as it was measured. */
export const storagePointSchema = z.object({
  access: z.enum(["sequential-read", "sequential-write", "random-read", "random-write"]),
  blockBytes: z.number().int().positive(),
  queueDepth: z.number().int().positive(),
  /** `direct` bypasses the page cache (O_DIRECT), `page-cache` does not. */
  cache: z.enum(["direct", "page-cache"]),
  bytesPerSecond: quantitySchema,
  operationsPerSecond: quantitySchema,
  latencyP50Seconds: quantitySchema.optional(),
  latencyP99Seconds: quantitySchema.optional(),
});

export type StoragePoint = z.infer<typeof storagePointSchema>;

const storageSchema = z.object({
  name: z.string().min(1),
  count: z.number().int().positive().default(1),
  capacityBytes: z.number().positive(),
  readBytesPerSecond: quantitySchema,
  writeBytesPerSecond: quantitySchema,
  readLatencySeconds: quantitySchema.optional(),
  writeLatencySeconds: quantitySchema.optional(),
  readIops: quantitySchema.optional(),
  writeIops: quantitySchema.optional(),
  /** Opens, creates and lookups a second. */
  metadataPerSecond: quantitySchema.optional(),
  fsyncSeconds: quantitySchema.optional(),
  /** Block sizes and queue depths, where they were measured. */
  points: z.array(storagePointSchema).optional(),
  /** Host bytes over the drive's rated life. */
  enduranceBytes: z.number().positive().nullable().default(null),
  activeWatts: quantitySchema.optional(),
  idleWatts: quantitySchema.optional(),
});

/** One server (or several alike): GPUs, links, DRAM, drives. Bandwidths are bytes a second, one direction. */
export const hardwareProfileSchema = z.object({
  schema: z.literal("spillway/hardware/1").default("spillway/hardware/1"),
  name: z.string().min(1),
  nodes: z.number().int().positive().default(1),
  gpu: z.object({
    key: z.string().min(1).describe("key in the factor tables: h100_sxm, a100_sxm, ..."),
    count: z.number().int().positive().default(1).describe("GPUs in a node"),
    memoryBytes: z.number().positive(),
    memoryBytesPerSecond: quantitySchema,
    bf16Flops: quantitySchema.describe("dense, per GPU"),
    watts: quantitySchema.optional(),
    idleWatts: quantitySchema.optional(),
    /** Achieved share of peak FLOPS in prefill, and of memory bandwidth in decode. */
    prefillEfficiency: quantitySchema.prefault({
      value: 0.5,
      evidence: "assumed",
      source: "default",
    }),
    decodeBandwidthEfficiency: quantitySchema.prefault({
      value: 0.8,
      evidence: "assumed",
      source: "default",
    }),
  }).nullable().default(null),
  links: z.object({
    hostToDevice: quantitySchema.optional(),
    deviceToHost: quantitySchema.optional(),
    /** Each direction's share of its lone bandwidth when both are busy. */
    duplexFactor: quantitySchema.prefault({ value: 0.713, evidence: "assumed", source: "default" }),
    gpuToGpu: quantitySchema.optional(),
    nic: quantitySchema.optional(),
    /** Storage to GPU memory without a bounce through host memory (GPUDirect), and the other way. */
    storageToGpu: quantitySchema.optional(),
    gpuToStorage: quantitySchema.optional(),
    /** Uplink of the switch that all drives hang on, one direction; absent: it never limits. */
    driveSwitch: quantitySchema.optional(),
    /** What the root complex carries between devices and host memory, one direction; absent: no limit. */
    rootComplex: quantitySchema.optional(),
    /** Between the sockets, one direction, and the share of host traffic of the GPUs that crosses it. */
    interSocket: quantitySchema.optional(),
    interSocketShare: z.number().min(0).max(1).optional(),
    baseLatencySeconds: quantitySchema.prefault({
      value: 10e-6,
      evidence: "assumed",
      source: "default",
    }),
  }).prefault({}),
  /** The processor, for inference on it: multiply-adds count 2. */
  cpu: z.object({
    threads: z.number().int().positive(),
    matmulFlops: quantitySchema,
  }).nullable().optional(),
  /** GPUs and drives with their PCIe links, as far as the system tells. */
  pcie: z.array(z.object({
    address: z.string(),
    kind: z.enum(["gpu", "nvme"]),
    /** Addresses of the bridges above it, the root port first. */
    path: z.array(z.string()),
    gigatransfers: z.number().nullable(),
    lanes: z.number().int().nullable(),
    maxGigatransfers: z.number().nullable(),
    maxLanes: z.number().int().nullable(),
    bytesPerSecond: z.number().nullable(),
    /** Why the link is unknown; null when it is known. */
    reason: z.string().nullable(),
  })).optional(),
  dram: z.object({
    capacityBytes: z.number().positive(),
    bytesPerSecond: quantitySchema.optional(),
  }).nullable().default(null),
  ssds: z.array(storageSchema).default([]),
  remote: storageSchema.nullable().default(null),
  /** A single-slot LLM engine of this machine, for `replay conversation`; null: not measured. */
  engine: engineProfileSchema.nullable().optional(),
  source: z.string().default("given by the user"),
});

export type HardwareProfile = z.infer<typeof hardwareProfileSchema>;
export type StorageProfile = z.infer<typeof storageSchema>;
