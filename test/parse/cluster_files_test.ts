import assert from "node:assert/strict";
import { test } from "node:test";
import { expandHostlist } from "../../src/parse/hostlist.ts";
import { parseIterationLog } from "../../src/parse/iteration_log.ts";
import { PlaceError } from "../../src/parse/place_error.ts";
import { parseTopology } from "../../src/parse/topology_file.ts";

test("host lists of Slurm are expanded, zeros and suffixes kept", () => {
  assert.deepEqual(expandHostlist("gpu[008-010,2],login1"), [
    "gpu008",
    "gpu009",
    "gpu010",
    "gpu2",
    "login1",
  ]);
  assert.deepEqual(expandHostlist("r[1-2]n[1-2]-ib"), ["r1n1-ib", "r1n2-ib", "r2n1-ib", "r2n2-ib"]);
  for (const bad of ["a[1-", "a[3-1]", "a[x]", "a[[1]]", "a[0-99999999]"]) {
    assert.throws(() => expandHostlist(bad), RangeError, bad);
  }
});

test("a topology is read from CSV, JSON and Slurm alike", () => {
  const csv = parseTopology("node,rack,switch,power,gpus\nn1,r1,s1,p1,a b\nn2,r1,s1,,\n");
  const json = parseTopology(JSON.stringify({
    nodes: [
      { name: "n1", rack: "r1", switch: "s1", power: "p1", gpus: ["a", "b"] },
      { name: "n2", rack: "r1", switch: "s1" },
    ],
  }));
  assert.deepEqual(csv, json);
  const slurm = parseTopology(
    "# leafs\nSwitchName=leaf1 Nodes=n[1-2]\nSwitchName=leaf2 Nodes=n3\n" +
      "SwitchName=spine Switches=leaf[1-2]\n",
  );
  assert.deepEqual(slurm.map((n) => [n.name, n.switch]), [
    ["n1", "leaf1"],
    ["n2", "leaf1"],
    ["n3", "leaf2"],
  ]);
});

test("iterations are read from lengths, from starts and ends, and from a Megatron log", () => {
  assert.deepEqual(parseIterationLog("iteration_seconds,tokens\n10,100\n12,300\n"), {
    seconds: [10, 12],
    idleSeconds: null,
    tokens: 200,
  });
  // The pause between them (a checkpoint) is no part of an iteration.
  assert.deepEqual(
    parseIterationLog("start_seconds,end_seconds,idle_seconds\n0,10,4\n70,81,6\n").seconds,
    [10, 11],
  );
  const log = " iteration 1/ 2 | elapsed time per iteration (ms): 13000.5 | loss 5\nnoise\n" +
    " iteration 2/ 2 | elapsed time per iteration (ms): 9000 | loss 4\n";
  assert.deepEqual(parseIterationLog(log).seconds, [13.0005, 9]);
});

const DAMAGED: readonly (readonly [string, () => unknown, number, RegExp])[] = [
  ["an empty topology", () => parseTopology(""), 1, /names no node/],
  ["another CSV", () => parseTopology("a,b\n1,2\n"), 1, /no column "node"/],
  ["a truncated row", () => parseTopology("node,rack\nn1,r1\nn2\n"), 3, /1 fields/],
  ["a node twice", () => parseTopology("node,rack\nn1,r1\nn1,r2\n"), 1, /"n1" stands in it twice/],
  ["broken JSON", () => parseTopology('[{"name":'), 1, /JSON|end/i],
  ["JSON of another kind", () => parseTopology('{"a":1}'), 1, /no array "nodes"/],
  [
    "a switch without a name",
    () => parseTopology("SwitchName=a Nodes=n1\nNodes=x\n"),
    2,
    /SwitchName/,
  ],
  ["an open bracket", () => parseTopology("SwitchName=a Nodes=n[1-\n"), 1, /bracket/],
  ["an empty log", () => parseIterationLog(""), 1, /no iteration/],
  ["another log", () => parseIterationLog("hello\n"), 1, /neither iteration_seconds/],
  [
    "a log that goes back",
    () => parseIterationLog("start_seconds,end_seconds\n10,20\n5,9\n"),
    3,
    /at 5 s after one at 10 s/,
  ],
  [
    "an iteration that ends first",
    () => parseIterationLog("start_seconds,end_seconds\n10,9\n"),
    2,
    /not above 0/,
  ],
  ["a number out of range", () => parseIterationLog("iteration_seconds\n1e9\n"), 2, /within a day/],
  ["a word", () => parseIterationLog("iteration_seconds\nsoon\n"), 2, /"soon" is not a number/],
  ["a truncated log", () => parseIterationLog("start_seconds,end_seconds\n1\n"), 2, /1 fields/],
];

for (const [what, parse, line, message] of DAMAGED) {
  test(`${what} is refused with its line`, () => {
    assert.throws(parse, (error) => {
      assert.ok(error instanceof PlaceError, String(error));
      assert.equal(error.line, line);
      assert.match(error.message, message);
      return true;
    });
  });
}
