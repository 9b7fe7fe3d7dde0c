import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jobUsage } from "../../src/estimate/usage/job_usage.ts";
import type { Usage } from "../../src/model/usage.ts";
import { near } from "./near.ts";

/** A step of 2 s on 8 GPUs that compute half of the time, write 100 GB to SSD and hold 1 TB of DRAM. */
const STEP: Usage = {
  wallSeconds: 2,
  functionalUnits: { steps: 1 },
  devices: [
    { kind: "gpu", key: "a100_sxm", count: 8, reservedSeconds: 16, busySeconds: 8 },
    { kind: "ssd", count: 4, reservedSeconds: 8, busySeconds: 4 },
  ],
  flows: [{ tier: "ssd", direction: "write", bytes: 100e9, requests: 50 }],
  held: [{ tier: "dram", byteSeconds: 1e12 * 2 }],
  evidence: "modelled",
};

/** A job on 8 GPUs and 8 spares: 1000 s, 700 useful and 100 lost. */
const RUN: Usage = {
  wallSeconds: 1000,
  functionalUnits: { iterations: 350 },
  devices: [{
    kind: "gpu",
    key: "a100_sxm",
    count: 16,
    reservedSeconds: 16_000,
    busySeconds: 800 * 8,
  }],
  flows: [{ tier: "remote", direction: "write", bytes: 5e9, requests: 8 }],
  held: [],
  evidence: "replayed",
};

test("a job charges every step that ran, the lost ones too, and holds the step's memory all the time", () => {
  const job = jobUsage(RUN, STEP, 8);
  // 800 s of training at 2 s a step: 400 steps.
  assert.deepEqual(job.flows[1], {
    tier: "ssd",
    direction: "write",
    bytes: 400 * 100e9,
    requests: 400 * 50,
  });
  assert.deepEqual(job.flows[0], RUN.flows[0]);
  near(job.held[0].byteSeconds, 1e12 * 1000);
  // Half of the training time the GPUs wait for transfers, as they do in a step.
  near(job.devices[0].busySeconds, 400 * 8);
  assert.equal(job.devices[0].reservedSeconds, 16_000);
  near(job.devices[1].busySeconds, 400 * 4);
  near(job.devices[1].reservedSeconds, 4000);
  assert.equal(job.functionalUnits.usefulSteps, 350);
  assert.equal(job.evidence, "modelled");
});

test("replicas of a step move and hold in proportion", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 64 }), (replicas) => {
    const gpus = 8 * replicas;
    const run: Usage = {
      ...RUN,
      devices: [{ ...RUN.devices[0], busySeconds: 800 * gpus }],
    };
    const job = jobUsage(run, STEP, gpus);
    near(job.flows[1].bytes, replicas * 400 * 100e9);
    near(job.held[0].byteSeconds, replicas * 1e12 * 1000);
  }));
});

test("a step counted over several steps is charged for each of them once", () => {
  const three: Usage = {
    ...STEP,
    wallSeconds: 6,
    functionalUnits: { steps: 3 },
    devices: STEP.devices.map((d) => ({
      ...d,
      reservedSeconds: 3 * d.reservedSeconds,
      busySeconds: 3 * d.busySeconds!,
    })),
    flows: STEP.flows.map((f) => ({ ...f, bytes: 3 * f.bytes, requests: 3 * f.requests })),
    held: STEP.held.map((h) => ({ ...h, byteSeconds: 3 * h.byteSeconds })),
  };
  assert.deepEqual(jobUsage(RUN, three, 8), jobUsage(RUN, STEP, 8));
});
