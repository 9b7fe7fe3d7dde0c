import assert from "node:assert/strict";
import { test } from "node:test";
import { loadRequests, replayTraffic } from "../../src/cli/bench/inputs.ts";
import { loadProfiles } from "../../src/cli/load_profiles.ts";
import { parseAssignment } from "../../src/cli/replay_params.ts";
import { countOperations } from "../../src/workload/kv/traffic_claims.ts";
import { planTraffic } from "../../src/workload/kv/traffic_plan.ts";

/** Settings under which every way of moving blocks between tiers happens. */
const CASES: readonly (readonly string[])[] = [
  [],
  ["write=back"],
  ["ssdWrite=through"],
  ["tiers=exclusive"],
  ["admission=second"],
  ["prefetch=true"],
  ["eviction=s3fifo"],
  ["dram=0"],
  ["closedLoop=true"],
];

test("the traffic of replay offload has exactly the blocks and bytes that its metrics say", async () => {
  const requests = await loadRequests("./traces/chat.jsonl", "", 1);
  const profiles = await loadProfiles({ hardware: "a100_sxm", llm: "llama-2-7b" });
  for (const settings of CASES) {
    const { traffic, document } = await replayTraffic(requests, {
      policy: "kv-offload",
      assignments: ["gpuBlocks=120", "dram=16GiB", "ssd=60GiB", "intervals=true", ...settings]
        .map(parseAssignment),
      profiles,
      seed: 1,
    });
    const { metrics } = document.results[0];
    const counts = countOperations(traffic, (share) => share);
    for (const tier of traffic.tiers) {
      const bytes = (what: string) =>
        Math.round((counts.get(`${tier}-${what}`) ?? 0) * traffic.blockBytes);
      assert.equal(bytes("read"), metrics[`${tier}_read_bytes`].value, `${settings}: ${tier} read`);
      assert.equal(
        bytes("write"),
        metrics[`${tier}_written_bytes`].value,
        `${settings}: ${tier} write`,
      );
    }
    assert.ok(traffic.count > 1000, "the case moves something");
    const plan = planTraffic(traffic);
    const detail = document.results[0].detail as { tierCapacityBlocks: Record<string, number> };
    traffic.tiers.forEach((tier, t) =>
      assert.ok(
        plan.slots[t] <= detail.tierCapacityBlocks[tier] + 1,
        `${settings}: room of ${tier}`,
      )
    );
    for (let i = 1; i < traffic.count; i++) {
      assert.ok(traffic.atSeconds[i] >= traffic.atSeconds[i - 1] - 1e-9, "operations are in order");
    }
  }
});

test("several instances, a warm start and a policy without tiers have no traffic to execute", async () => {
  const requests = await loadRequests("./traces/chat.jsonl", "", 1);
  const profiles = await loadProfiles({ hardware: "a100_sxm", llm: "llama-2-7b" });
  const attempt = (policy: string, ...settings: string[]) =>
    replayTraffic(requests, {
      policy,
      assignments: settings.map(parseAssignment),
      profiles,
      seed: 1,
    });
  await assert.rejects(attempt("kv-offload", "instances=2"), { kind: "usage" });
  await assert.rejects(attempt("kv-offload", "warmStart=true"), { kind: "usage" });
  await assert.rejects(attempt("recompute"), { kind: "usage", message: /keeps no blocks/ });
});
