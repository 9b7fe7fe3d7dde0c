import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_CHAT, generateChatTrace } from "../../src/generate/requests.ts";
import { generateFaults } from "../../src/generate/faults.ts";
import { metricDefinition } from "../../src/model/metrics/catalog.ts";
import { METRIC_CATALOG } from "../../src/model/metrics/catalog.ts";
import type { Replay, ReplayOutcome } from "../../src/model/policy.ts";
import { BUILTIN_LLMS } from "../../src/model/profiles/builtin/llm.ts";
import type { AllocationColumns } from "../../src/model/trace/allocations.ts";
import { mlperfSamples } from "../../src/generate/sample_sets.ts";
import { modelStep } from "../../src/generate/training_step.ts";
import type { IoColumns } from "../../src/model/trace/io.ts";
import type { FaultColumns } from "../../src/model/trace/faults.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import { stepTrace } from "../../src/model/trace/step_trace.ts";
import type { TensorColumns } from "../../src/model/trace/tensors.ts";
import type { TraceColumns, TraceKind, TraceMeta } from "../../src/model/trace/trace.ts";
import { POLICIES } from "../../src/registry/policies.ts";
import { linearSolverFor } from "../../src/search/linear_solver.ts";
import { MACHINE } from "./conversation/engine.ts";

const chat = generateChatTrace({ ...DEFAULT_CHAT, sessions: 60, maxContextTokens: 8192 });

function requests(): { columns: RequestColumns; meta: TraceMeta<"requests"> } {
  const offsets = [0];
  for (const r of chat) offsets.push(offsets.at(-1)! + r.blocks.length);
  const flat = chat.flatMap((r) => r.blocks);
  return {
    columns: {
      kind: "requests",
      count: chat.length,
      arrivalNs: Float64Array.from(chat, (r) => r.arrivalMs * 1e6),
      inputTokens: Uint32Array.from(chat, (r) => r.inputTokens),
      outputTokens: Uint32Array.from(chat, (r) => r.outputTokens),
      session: Int32Array.from(chat, (r) => r.session),
      turn: Int32Array.from(chat, (r) => r.turn),
      thinkNs: Float64Array.from(chat, (r) => r.thinkMs === null ? NaN : r.thinkMs * 1e6),
      blockOffsets: Uint32Array.from(offsets),
      blockIds: Uint32Array.from(flat),
    },
    meta: { blockTokens: 512, uniqueBlocks: Math.max(...flat) + 1 },
  };
}

function faults(): { columns: FaultColumns; meta: TraceMeta<"faults"> } {
  const rows = generateFaults({
    seed: 1,
    nodes: 16,
    spanSeconds: 60 * 86400,
    mtbfSeconds: 30_000,
    shape: 1,
    meanDownSeconds: 1800,
  });
  return {
    columns: {
      kind: "faults",
      count: rows.length,
      startSeconds: Float64Array.from(rows, (r) => r.startSeconds),
      faultKind: new Uint8Array(rows.length).fill(3),
      node: Int32Array.from(rows, (r) => r.node),
      downSeconds: Float64Array.from(rows, (r) => r.downSeconds),
    },
    meta: {
      nodeCount: 16,
      spanSeconds: 60 * 86400,
      nodes: Array.from({ length: 16 }, (_, i) => `n${i}`),
    },
  };
}

function allocations(): { columns: AllocationColumns; meta: TraceMeta<"allocations"> } {
  const rows: [op: number, id: number, size: number][] = [];
  for (let i = 0; i < 400; i++) {
    rows.push([0, i, 1000 + (i * 7919) % (30 * 2 ** 20)]);
    if (i >= 20) rows.push([1, i - 20, rows.find((r) => r[0] === 0 && r[1] === i - 20)![2]]);
  }
  return {
    columns: {
      kind: "allocations",
      count: rows.length,
      op: Uint8Array.from(rows, (r) => r[0]),
      id: Int32Array.from(rows, (r) => r[1]),
      size: Float64Array.from(rows, (r) => r[2]),
      address: new Float64Array(rows.length).fill(NaN),
      stream: new Int32Array(rows.length),
      device: new Int32Array(rows.length),
      timeNs: Float64Array.from(rows, (_, i) => 1000 * i),
    },
    meta: {
      sizeMeaning: "requested",
      overflowed: false,
      allocatorSettings: null,
      segments: null,
      streams: ["0"],
    },
  };
}

const PROFILES = {
  hardware: MACHINE,
  llm: BUILTIN_LLMS.find((l) => l.name === "llama-2-7b")!,
  site: null,
};

/** A described step of the model above: tensors with the layers they belong to. */
async function tensors(): Promise<{ columns: TensorColumns; meta: TraceMeta<"tensors"> }> {
  const step = modelStep(PROFILES.llm, PROFILES.hardware, {
    batch: 4,
    sequence: 1024,
    microBatch: 1,
    causal: true,
    flashAttention: true,
    recompute: true,
    efficiency: null,
  });
  const trace = stepTrace("step", "described", step);
  for await (const columns of trace.batches()) return { columns, meta: trace.meta };
  throw new Error("a described step has one batch");
}

/** A described data set: samples of files. */
async function io(): Promise<{ columns: IoColumns; meta: TraceMeta<"io"> }> {
  const trace = mlperfSamples("unet3d", "unet3d", { files: 300, accelerator: "h100", seed: 1 });
  for await (const columns of trace.batches()) return { columns, meta: trace.meta };
  throw new Error("a described data set has one batch");
}

const TRACES: Partial<Record<TraceKind, { columns: TraceColumns; meta: TraceMeta }>> = {
  requests: requests(),
  faults: faults(),
  allocations: allocations(),
  tensors: await tensors(),
  io: await io(),
};

test("the conformance suite has a trace of every kind that a policy replays", async () => {
  const kinds = await Promise.all(
    POLICIES.map(async (p) => (await p.load()).accepts as readonly TraceKind[]),
  );
  const missing = [...new Set(kinds.flat())].filter((kind) => TRACES[kind] === undefined);
  assert.deepEqual(missing, []);
});

/** Metrics that some policies give beside the catalogue are a mistake: `explain` could not tell of them. */
function checkOutcome(outcome: ReplayOutcome, name: string): void {
  assert.ok(Object.keys(outcome.metrics).length > 0, `${name} gives no metric`);
  for (const [id, value] of Object.entries(outcome.metrics)) {
    assert.ok(metricDefinition(id) !== undefined, `${name}: the catalogue does not know ${id}`);
    assert.equal(value.unit, metricDefinition(id)!.unit, `${name}: unit of ${id}`);
    if (value.value === null) {
      assert.ok((value.reason ?? "").length > 0, `${name}: ${id} is unknown without a reason`);
    } else {
      assert.ok(Number.isFinite(Number(value.value)), `${name}: ${id} is ${value.value}`);
    }
    if (value.low !== undefined && value.high !== undefined && value.value !== null) {
      assert.ok(
        value.low <= Number(value.value) * (1 + 1e-9) + 1e-12 &&
          Number(value.value) <= value.high * (1 + 1e-9) + 1e-12,
        `${name}: ${id} = ${value.value} outside ${value.low}..${value.high}`,
      );
    }
  }
  for (const series of outcome.series ?? []) assert.equal(series.x.length, series.y.length, name);
  const usage = outcome.usage;
  if (usage !== null) {
    assert.ok(usage.wallSeconds >= 0);
    for (const flow of usage.flows) assert.ok(flow.bytes >= 0 && flow.requests >= 0, name);
    for (const device of usage.devices) {
      assert.ok(
        device.busySeconds === null || device.busySeconds <= device.reservedSeconds * (1 + 1e-9),
        `${name}: a device is busy longer than it is reserved`,
      );
    }
  }
}

for (const entry of POLICIES) {
  test(`${entry.family}/${entry.name} conforms: reference, defaults, known metrics, same bytes each time`, async () => {
    const policy = await entry.load();
    assert.equal(policy.name, entry.name);
    assert.match(policy.name, /^[a-z0-9+]+(-[a-z0-9+]+)*$/);
    assert.ok(policy.reference.length >= 8, "a policy says what it follows");
    const params = policy.params.parse({});
    const solver = await linearSolverFor([entry.family]);
    for (const kind of policy.accepts as TraceKind[]) {
      const trace = TRACES[kind];
      if (trace === undefined) continue;
      const once = (): ReplayOutcome => {
        const replay: Replay = policy.create(params, {
          meta: trace.meta,
          profiles: PROFILES,
          seed: 1,
          seriesPoints: 200,
          solver,
        });
        replay.feed(trace.columns);
        return replay.finish();
      };
      const first = once();
      checkOutcome(first, `${entry.family}/${entry.name}`);
      assert.equal(
        JSON.stringify(once()),
        JSON.stringify(first),
        "the same seed gives the same bytes",
      );
    }
  });
}

test("every metric id stands once in the catalogue, with formula and source", () => {
  const ids = METRIC_CATALOG.map((m) => m.id);
  assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), []);
  for (const m of METRIC_CATALOG) {
    assert.match(m.id, /^[a-z][a-z0-9_]*$/);
    assert.ok(m.formula.length > 3 && m.source.length > 3, m.id);
  }
});
