import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { bytesParam, secondsParam } from "../../src/model/params.ts";
import {
  type AnyPolicy,
  choosePolicies,
  parseAssignment,
  parseSweep,
} from "../../src/cli/replay_params.ts";

function policyWith(name: string, shape: Record<string, z.ZodType>): AnyPolicy {
  return {
    name,
    family: "allocator",
    summary: "s",
    reference: "r",
    accepts: ["requests"],
    params: z.strictObject(shape),
    create: () => {
      throw new Error("not replayed here");
    },
  };
}

const pool = policyWith("pool", {
  capacity: bytesParam().default(1024),
  every: secondsParam().default(60),
  mode: z.enum(["a", "b"]).default("a"),
  label: z.string().default("x"),
});

test("a parameter with a unit is read in bytes or seconds", () => {
  const [choice] = choosePolicies(
    [pool],
    [parseAssignment("capacity=40GiB"), parseAssignment("every=30min")],
    [],
  );
  assert.deepEqual(choice.shown, { capacity: 40 * 2 ** 30, every: 1800, mode: "a", label: "x" });
});

test("a text parameter keeps text that looks like a number", () => {
  const [choice] = choosePolicies([pool], [parseAssignment("label=42")], []);
  assert.equal(choice.shown.label, "42");
});

test("sweeps multiply: every value of one for every value of the other, first slowest", () => {
  const choices = choosePolicies(
    [pool],
    [],
    [parseSweep("mode=a,b"), parseSweep("capacity=1KiB..4KiB*2")],
  );
  assert.deepEqual(
    choices.map((c) => [c.shown.mode, c.shown.capacity]),
    [["a", 1024], ["a", 2048], ["a", 4096], ["b", 1024], ["b", 2048], ["b", 4096]],
  );
});

test("an additive sweep includes its end and has no rounding drift", () => {
  assert.deepEqual(parseSweep("x=0..1+0.1").values.at(-1), "1");
  assert.equal(parseSweep("x=0..1+0.1").values.length, 11);
});

test("a sweep that never ends is refused", () => {
  for (const bad of ["x=1..8*1", "x=0..8*2", "x=8..1*2", "x=1..2+0", "x", "x=", "x=1KiB..2MiB*2"]) {
    assert.throws(() => parseSweep(bad), { kind: "usage" }, bad);
  }
});

test("an assignment for one policy leaves the others alone", () => {
  const other = policyWith("other", { capacity: bytesParam().default(7) });
  const choices = choosePolicies([pool, other], [parseAssignment("other.capacity=9")], []);
  assert.deepEqual(choices.map((c) => c.shown.capacity), [1024, 9]);
});

test("an unknown parameter is refused with the nearest known one", () => {
  assert.throws(() => choosePolicies([pool], [parseAssignment("capcity=1")], []), {
    kind: "usage",
    message: /did you mean "capacity"/,
  });
});

test("a bad value is refused with the flag and what is expected", () => {
  assert.throws(() => choosePolicies([pool], [parseAssignment("mode=c")], []), {
    kind: "usage",
    message: /--set mode=c/,
  });
  assert.throws(() => choosePolicies([pool], [parseAssignment("capacity=lots")], []), {
    kind: "usage",
    message: /not a size/,
  });
});
