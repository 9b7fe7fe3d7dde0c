import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultTraceMeta, PlacedNode } from "../../../src/model/trace/faults.ts";
import { expandFailures } from "../../../src/replay/fault/domains/expand.ts";
import { failuresOfJob } from "../../../src/replay/fault/domains/place_job.ts";
import { indexTopology } from "../../../src/replay/fault/domains/topology_index.ts";
import { loadFaultPolicies, runPolicy, valueOf } from "./policy_runs.ts";

/** Eight nodes: racks of two, switches of four, one power feed for the last four; GPUs named by node. */
const nodes: PlacedNode[] = Array.from({ length: 8 }, (_, i) => ({
  name: `n${i}`,
  rack: `r${i >> 1}`,
  switch: `s${i >> 2}`,
  power: i < 4 ? null : "feed",
  gpus: [`n${i}/gpu0`, `n${i}/gpu1`],
}));
const topology = { source: "test", nodes };

function metaOf(names: string[], more: Partial<FaultTraceMeta> = {}): FaultTraceMeta {
  return { nodeCount: null, spanSeconds: 400_000, nodes: names, topology, ...more };
}

const [SOFTWARE, NODE, NETWORK] = [0, 3, 4];

function rows(...events: readonly (readonly [at: number, kind: number, node: number])[]) {
  return {
    count: events.length,
    seconds: events.map(([at]) => at),
    kind: events.map(([, kind]) => kind),
    node: events.map(([, , node]) => node),
    downSeconds: events.map(() => 60),
  };
}

test("the tree finds the nodes of a GPU, a node, a rack, a switch and a power feed", () => {
  const index = indexTopology(topology);
  assert.deepEqual(index.nodesOf("n3/gpu1", null), [3]);
  assert.deepEqual(index.nodesOf("n3", null), [3]);
  assert.deepEqual(index.nodesOf("n3", "rack"), [2, 3]);
  assert.deepEqual(index.nodesOf("r3", null), [6, 7]);
  assert.deepEqual(index.nodesOf("s1", "switch"), [4, 5, 6, 7]);
  assert.deepEqual(index.nodesOf("feed", null), [4, 5, 6, 7]);
  // The feed of node 0 is unknown: nobody else is known to hang on it.
  assert.deepEqual(index.nodesOf("n0", "power"), [0]);
  assert.equal(index.nodesOf("n9", null), null);
});

test("a network failure takes its switch along, a stated level its domain, a GPU its node alone", () => {
  const meta = metaOf(["n1", "n5/gpu0", "r3", "gone"], { domainRows: [[1, "rack"]] });
  const { list, event, unplaced } = expandFailures(
    rows([1, NETWORK, 0], [2, SOFTWARE, 1], [3, NODE, 2], [4, NODE, 3], [5, NODE, -1]),
    meta,
  );
  assert.deepEqual(Array.from(list.node), [0, 1, 2, 3, 4, 5, 6, 7, -1, -1]);
  assert.deepEqual([...event], [0, 0, 0, 0, 1, 1, 2, 2, 3, 4]);
  assert.equal(unplaced, 2);
});

test("only failures of the job's own nodes hit it: packed, scattered, and of several jobs each its own", () => {
  const cluster = expandFailures(
    rows([1, NODE, 0], [2, NODE, 1], [3, NODE, 2], [4, NETWORK, 2]),
    metaOf(["n0", "n1", "n6"]),
  );
  const packed = failuresOfJob(cluster, 4, "packed");
  assert.deepEqual(Array.from(packed.list.seconds), [1, 2]);
  // Every second node: n0, n2, n4, n6 are the job's nodes 0 to 3.
  const scattered = failuresOfJob(cluster, 4, "scattered");
  assert.deepEqual(Array.from(scattered.list.node), [0, 3, 2, 3]);
  assert.equal(scattered.events, 3);
  const jobs = [0, 1].map((j) => failuresOfJob(cluster, 4, "packed", { job: j, sizes: [4, 4] }));
  assert.deepEqual(jobs.map((j) => j.events), [2, 2]);
  assert.deepEqual(Array.from(jobs[1].list.node), [2, 0, 1, 2, 3]);
});

test("jobs that hold more nodes than the cluster has are refused", () => {
  const cluster = expandFailures(rows([1, NODE, 0]), metaOf(["n0"]));
  assert.throws(() => failuresOfJob(cluster, 1000, "packed"), /the job holds 1000$/);
  const slot = { job: 0, sizes: [4, 4, 4, 1000] };
  assert.throws(() => failuresOfJob(cluster, 4, "packed", slot), /the 4 jobs hold 1012$/);
});

test("copies within a rack die with it; copies across racks outlive it", async () => {
  const gemini = (await loadFaultPolicies()).find((p) => p.name === "gemini")!;
  const rack = [{ at: 20_000, kind: NODE, node: 0, down: 60 }];
  const of = (placement: string) =>
    runPolicy(gemini, rack, { placement, remote: 40_000 }, 1, {
      nodes: ["n2"],
      topology,
      domainRows: [[0, "rack"]],
    });
  const [group, spread] = [of("group"), of("spread")];
  assert.equal((group.detail!.recoveries as Record<string, number>).remote, 1);
  assert.equal((spread.detail!.recoveries as Record<string, number>).memory, 1);
  assert.ok(valueOf(group, "lost_seconds") > 10_000);
  assert.ok(valueOf(spread, "lost_seconds") <= 10);
});

test("the nodes of one switch are one failure: one rollback, one in the mean time between failures", async () => {
  const sync = (await loadFaultPolicies()).find((p) => p.name === "periodic-sync")!;
  const one = runPolicy(
    sync,
    [{ at: 20_000, kind: NETWORK, node: 0, down: 0 }],
    {
      interval: "young",
      mtbf: null,
    },
    1,
    { nodes: ["n1"], topology },
  );
  assert.equal(valueOf(one, "failure_count"), 1);
  assert.ok(
    Math.abs(valueOf(one, "checkpoint_interval_seconds") - Math.sqrt(2 * 60 * 400_000)) < 1e-6,
  );
});
