import assert from "node:assert/strict";
import { test } from "node:test";
import { choosePolicies } from "../../../src/cli/replay_params.ts";
import { runPolicies } from "../../../src/cli/replay_run.ts";
import type { ReplayContext } from "../../../src/model/policy.ts";
import type { Profiles } from "../../../src/model/profiles/profiles.ts";
import type { Trace } from "../../../src/model/trace/trace.ts";
import { POLICIES } from "../../../src/registry/policies.ts";
import { loadEvictions } from "../../../src/search/load_evictions.ts";
import { BLOCK_TOKENS, hardware, llm, requestColumns, type TestRequest } from "./serve.ts";

const PROFILES: Profiles = {
  hardware: hardware("a100_sxm"),
  llm: llm("llama-3-8b"),
  site: null,
};
const UNIQUE = 400;

/** Turns of growing prompts, so that blocks are found again in every tier. */
function rows(count: number): TestRequest[] {
  return Array.from({ length: count }, (_, i) => {
    const blocks = 4 + i % 37;
    const first = (i * 53) % (UNIQUE - 41);
    return {
      at: i * 0.05,
      input: blocks * BLOCK_TOKENS,
      output: 1 + i % 90,
      blocks: Array.from({ length: blocks }, (_, b) => first + b),
    };
  });
}

function policyNamed(name: string) {
  return POLICIES.find((p) => p.family === "offload" && p.name === name)!.load();
}

test("the parts of a serving replay, run apart and joined, are the whole replay", async () => {
  const evictions = await loadEvictions(["offload"]);
  const columns = requestColumns(rows(80));
  for (const { name } of POLICIES.filter((p) => p.family === "offload")) {
    const policy = await policyNamed(name);
    const params = policy.params.parse({ gpuBlocks: 120 }) as { intervals: boolean };
    const context: ReplayContext<"requests"> = {
      meta: { blockTokens: BLOCK_TOKENS, uniqueBlocks: UNIQUE, arrivalSorted: true },
      profiles: PROFILES,
      seed: 1,
      seriesPoints: 20,
      evictions,
    };
    const run = (part?: string) => {
      const replay = policy.create(params, { ...context, part });
      replay.feed(columns);
      return replay.finish();
    };
    const whole = run();
    const parts = policy.parts!.of(params).map(run);
    assert.equal(parts.length, 3, name);
    const ttft = whole.metrics.ttft_p50_seconds;
    assert.ok(ttft.low! < ttft.high!, `${name}: ${ttft.low} to ${ttft.high}`);
    assert.deepEqual(policy.parts!.join(parts), whole, name);
    assert.deepEqual(policy.parts!.of({ ...params, intervals: false }), ["mid"]);
  }
});

test("a trace long enough for workers gives the results of one pass", async () => {
  const columns = requestColumns(rows(2000));
  const trace: Trace = {
    kind: "requests",
    name: "made",
    format: "test",
    sha256: "0".repeat(64),
    rows: columns.count,
    meta: { blockTokens: BLOCK_TOKENS, uniqueBlocks: UNIQUE, arrivalSorted: true },
    notes: [],
    batches: async function* () {
      yield await Promise.resolve(columns);
    },
  };
  const policies = await Promise.all(["recompute", "kv-offload"].map(policyNamed));
  const choices = choosePolicies(policies, [], []);
  const onWorkers = await runPolicies(trace, choices, PROFILES, 1);
  // So few rows that no worker is started for them.
  const here = await runPolicies({ ...trace, rows: 1 }, choices, PROFILES, 1);
  assert.deepEqual(onWorkers, here);
  assert.ok(onWorkers[1].metrics.ttft_p99_seconds.high !== undefined);
});
