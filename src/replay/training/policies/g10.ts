import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../../model/params.ts";
import { planMigrations } from "../swap/g10.ts";
import { SWAP_PARAMS, swapPolicy } from "../swap/swap_policy.ts";

const params = z.strictObject({
  ...SWAP_PARAMS,
  hostMemory: bytesParam().nullable().default(null).describe("host memory for tensors; null: all"),
  ssdBandwidth: rateParam().nullable().default(null)
    .describe("drive bandwidth, each direction; null: the profile's (G10's evaluation: 3.2 GiB/s)"),
  ssdReadLatency: secondsParam().default(12e-6).describe("latency of a read from the drive"),
  ssdWriteLatency: secondsParam().default(16e-6).describe("latency of a write to the drive"),
  systemLatency: secondsParam().default(45e-6).describe("system's share of a migration"),
  delta: z.number().nonnegative().default(0)
    .describe("idle intervals must exceed (2 + delta) transfers"),
});

export const policy = swapPolicy({
  name: "g10",
  summary:
    "idle tensors migrate to drives, or to host memory when that is too slow, until the peak fits",
  reference:
    "G10 (MICRO 2023) and its artifact, analysis.cc: benefit = size x time above the limit, (2+delta) rule, " +
    "latest safe prefetch; on lifetimes alone",
  params,
}, (p, tensors, machine) =>
  planMigrations(tensors, {
    limitBytes: machine.memoryBytes,
    hostBytes: p.hostMemory ?? machine.dramBytes,
    hostBytesPerSecond: machine.duplexFactor *
      Math.min(machine.uploadBytesPerSecond, machine.downloadBytesPerSecond),
    ssdReadBytesPerSecond: p.ssdBandwidth ?? machine.ssdReadBytesPerSecond,
    ssdWriteBytesPerSecond: p.ssdBandwidth ?? machine.ssdWriteBytesPerSecond,
    ssdReadSeconds: p.ssdReadLatency,
    ssdWriteSeconds: p.ssdWriteLatency,
    systemSeconds: p.systemLatency,
    delta: p.delta,
    minBytes: p.minBytes,
  }));
