import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { defaultMachineParams, MACHINE_PARAMS, machineOf } from "../machine.ts";
import { type RecordedKind, tensorReplay } from "../recorded.ts";
import { planMigrations } from "../swap/g10.ts";
import { swapOutcome } from "../swap/outcome.ts";

const params = z.strictObject({
  memory: MACHINE_PARAMS.memory,
  memoryUtilization: MACHINE_PARAMS.memoryUtilization,
  link: MACHINE_PARAMS.link,
  hostMemory: bytesParam().nullable().default(null).describe("host memory for tensors; null: all"),
  ssdBandwidth: rateParam().nullable().default(null)
    .describe("drive bandwidth, each direction; null: the profile's (G10's evaluation: 3.2 GiB/s)"),
  ssdReadLatency: secondsParam().default(12e-6).describe("latency of a read from the drive"),
  ssdWriteLatency: secondsParam().default(16e-6).describe("latency of a write to the drive"),
  systemLatency: secondsParam().default(45e-6).describe("system's share of a migration"),
  delta: z.number().nonnegative().default(0)
    .describe("idle intervals must exceed (2 + delta) transfers"),
  minBytes: bytesParam().default(2 ** 20).describe("smaller tensors stay"),
});

type Params = z.infer<typeof params>;

export const policy: Policy<RecordedKind, Params> = {
  name: "g10",
  family: "training",
  summary:
    "idle tensors migrate to drives, or to host memory when that is too slow, until the peak fits",
  reference:
    "G10 (MICRO 2023) and its artifact, analysis.cc: benefit = size x time above the limit, (2+delta) rule, " +
    "latest safe prefetch; on lifetimes alone",
  accepts: ["tensors", "allocations"],
  params,
  create: (p, context) =>
    tensorReplay(context.meta, (tensors) => {
      const machine = machineOf(undefined, context.profiles.hardware, {
        ...defaultMachineParams(),
        memory: p.memory,
        memoryUtilization: p.memoryUtilization,
        link: p.link,
      });
      const plan = planMigrations(tensors, {
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
      });
      return swapOutcome("g10", tensors, machine, plan);
    }),
};
