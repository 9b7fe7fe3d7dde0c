import { metric, unknownMetric } from "../../src/model/metric.ts";
import type { EstimateDocument, ReplayDocument, RunRecord } from "../../src/model/results.ts";
import type { RecordedLine, ReportInput } from "../../src/report/input.ts";

const tool = { name: "spillway", version: "0.0.0" } as const;

/** A recording of a few counters. */
export function runRecord(name: string): RunRecord {
  return {
    schema: "spillway/run/1",
    tool,
    name,
    command: ["dd", name],
    workingDirectory: "/",
    startedUnixNs: "0",
    durationNs: 3e9,
    intervalNs: 1e8,
    status: "complete",
    statusReason: null,
    exit: { code: 0, signal: null },
    sources: [{
      name: "nvidia-smi",
      status: "absent",
      reason: "nvidia-smi is not installed",
      remedy: null,
      samples: 0,
      sinceNs: null,
    }],
    marks: [],
    recorder: {
      ticks: 30,
      missedTicks: 0,
      latenessP50Ns: 1,
      latenessP99Ns: 2,
      cpuSeconds: 0.01,
      peakRssBytes: 1e6,
    },
    fingerprint: { cpu: name },
    ledger: [],
    metrics: {
      disk_written_bytes: metric(1e9, "bytes", "measured"),
      gpu_energy_joules: unknownMetric("joules", "measured", "no GPU here"),
    },
    usage: null,
    stalls: {
      seconds: {
        gpu_bound: 0,
        pcie_bound: 0,
        storage_read_bound: 1,
        storage_write_bound: 0,
        host_bound: 0,
        idle: 2,
        unknown: 0,
      },
      rules: [{ rule: "the busiest disk", seconds: 1 }],
      hasGpu: false,
      storageSeconds: 1,
      storageRatio: 1 / 3,
      evidence: "modelled",
      sentence: `storage was the limit for 1 s of ${name}`,
      ceilings: { pcieBytesPerSecond: null, readBytesPerSecond: null, writeBytesPerSecond: null },
      timeline: [
        { class: "idle", start: 0, seconds: 2 },
        { class: "storage_read_bound", start: 2, seconds: 1 },
      ],
    },
  };
}

function lines(): RecordedLine[] {
  const timeNs = Float64Array.from({ length: 30 }, (_, i) => i * 1e8);
  const value = Float64Array.from({ length: 30 }, (_, i) => i * i * 1e6);
  const series = { source: "block", device: "vda", unit: "bytes", type: "counter" as const };
  return [
    { series: { ...series, field: "read_bytes" }, timeNs, value },
    { series: { ...series, field: "write_bytes" }, timeNs, value: value.map((v) => v / 2) },
    {
      series: {
        source: "cpu",
        device: "cpu",
        field: "user_seconds",
        unit: "seconds",
        type: "counter",
      },
      timeNs,
      value: value.map((_, i) => i * 0.1),
    },
  ];
}

function replay(name: string): ReplayDocument {
  const result = (policy: string, goodput: number) => ({
    policy,
    family: "fault",
    params: { interval: goodput },
    metrics: { goodput_ratio: metric(goodput, "ratio", "replayed") },
    usage: null,
    series: [{
      id: "progress",
      title: name,
      xUnit: "seconds" as const,
      unit: "seconds",
      x: [0, 1, 2],
      y: [0, null, goodput],
    }],
    notes: [name],
    legend: { summary: name, reference: "none", lossy: false },
  });
  return {
    schema: "spillway/replay/1",
    tool,
    family: "fault",
    trace: {
      id: "t1",
      name,
      kind: "faults",
      format: "fault-csv",
      sha256: "ab".repeat(32),
      rows: 3,
    },
    profiles: {},
    seed: 1,
    results: [result(name, 0.9), result("other", 0.8)],
    ranking: {
      by: "goodput_ratio",
      better: "higher",
      order: [{ rank: 1, result: 0, policy: name }, { rank: 2, result: 1, policy: "other" }],
      recommendation: `${name} wastes least.`,
    },
  };
}

function estimate(name: string): EstimateDocument {
  return {
    schema: "spillway/estimate/1",
    tool,
    subject: { kind: "run", id: "r1", name },
    site: {},
    results: [{
      name,
      metrics: {
        total_grams_co2e: metric(5, "gramsCo2e", "assumed", { low: 2, high: 9 }),
      },
      provenance: {},
    }],
    coefficients: [{
      id: "site.grid",
      low: 1,
      mid: 2,
      high: 3,
      unit: "g/kWh",
      source: name,
      asOf: "2024",
      licence: "none",
      evidence: "assumed",
    }],
    warnings: [`${name} is old`],
  };
}

function input(name: string): ReportInput {
  return {
    title: name,
    items: [
      { kind: "run", id: "r1", record: runRecord(name), lines: lines() },
      { kind: "replay", id: "p1", document: replay(name) },
      { kind: "estimate", id: "e1", document: estimate(name) },
    ],
    commands: [`spillway report ${name}`],
    version: "0.0.0",
    stamp: null,
  };
}

/** Documents as the store gives them. */
export function plainInput(): ReportInput {
  return input("demo");
}

/** The same with a name that tries to break out of HTML, scripts and terminals. */
export function hostileInput(): ReportInput {
  return input('<script>alert(1)</script><img src=x onerror="alert(2)">\x1b[31m=cmd()');
}
