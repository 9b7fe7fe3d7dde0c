import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateRules } from "../../src/gate/evaluate.ts";
import type { History, Side } from "../../src/gate/observations.ts";
import { combineRules, PRESETS } from "../../src/gate/presets.ts";
import { gateConfigSchema, PRESET_NAMES } from "../../src/gate/rules.ts";
import { concludeVerdict } from "../../src/gate/verdict.ts";
import { METRIC_CATALOG } from "../../src/model/metrics/catalog.ts";
import { createRandom } from "../../src/stats/random.ts";

function history(levels: readonly (readonly [number, number])[], leftOut: string[] = []): History {
  const random = createRandom(4);
  const values = levels.flatMap(([level, runs]) =>
    Array.from({ length: runs }, () => level * Math.exp(0.02 * random.normal()))
  );
  return {
    name: "step",
    leftOut,
    points: values.map((v, i) => ({
      id: `r${i + 1}`,
      at: new Date(Date.UTC(2026, 0, 1 + i)).toISOString(),
      values: { run_seconds: v, other: null },
    })),
  };
}

function side(better: "lower" | "higher" | "none", value: number | null = 1): Side {
  return {
    name: "r99",
    fingerprint: {},
    incomplete: null,
    observations: {
      run_seconds: {
        unit: "seconds",
        better,
        nature: "sampled",
        evidence: "measured",
        values: value === null ? [] : [value],
        low: null,
        high: null,
        missing: value === null ? "not sampled" : null,
      },
    },
  };
}

function judge(past: History | null, current = side("lower"), rule: object = {}) {
  const config = gateConfigSchema.parse({
    rules: [{ kind: "trend", metric: "run_seconds", ...rule }],
  });
  const options = { noise: 0, today: "2026-01-01", history: past };
  return evaluateRules(config, current, null, options)[0];
}

test("a level that became worse lately fails, as advice, and says since which run", () => {
  const result = judge(history([[1, 30], [1.2, 6]]));
  assert.equal(result.status, "fail");
  assert.equal(result.level, "warn");
  assert.match(result.reason, /\(\+[\d.]+ %\) since r31 of 2026-01-31, 6 runs, worse/);
  assert.deepEqual(result.runs, [30, 6]);
  assert.deepEqual(result.trend!.map((t) => t.run), ["r31"]);
  assert.ok(result.p! < 0.001);
  const context = { strict: false, subject: "", baseline: null };
  assert.equal(concludeVerdict([result], context).exitCode, 0);
  const enforced = judge(history([[1, 30], [1.2, 6]]), side("lower"), { level: "error" });
  assert.equal(concludeVerdict([enforced], context).exitCode, 1);
});

test("the direction comes from the metric; a change long ago no longer counts", () => {
  assert.equal(judge(history([[1, 30], [1.2, 6]]), side("higher")).status, "pass");
  assert.equal(judge(history([[1, 30], [0.8, 6]])).status, "pass");
  const old = judge(history([[1, 20], [1.2, 20]]));
  assert.equal(old.status, "pass");
  assert.match(old.reason, /too long ago/);
  assert.equal(judge(history([[1, 20], [1.2, 20]]), side("lower"), { recent: 25 }).status, "fail");
});

test("a steady history passes; a short one, none, or a missing metric is inconclusive", () => {
  assert.equal(judge(history([[1, 40]])).status, "pass");
  const short = judge(history([[1, 7]], ["2 on another machine"]));
  assert.equal(short.status, "inconclusive");
  assert.match(short.reason, /3 more needed .*2 on another machine/);
  assert.match(judge(null).reason, /only recordings have a history/);
  assert.match(judge(history([[1, 40]]), side("lower", null)).reason, /not sampled/);
  assert.match(judge(history([[1, 40]]), side("none")).reason, /no better direction/);
});

test("presets name metrics that exist and have a direction", () => {
  for (const name of PRESET_NAMES) {
    for (const rule of PRESETS[name]) {
      const known = METRIC_CATALOG.find((m) => m.id === rule.metric);
      assert.ok(known !== undefined, `${name}: ${rule.metric}`);
      assert.notEqual(known.better, "none", rule.metric);
    }
  }
});

test("a rule of the config file replaces that of a preset; absent metrics of a preset are left out", () => {
  const own = { ...PRESETS.time[0], level: "off" as const };
  assert.deepEqual(combineRules(["time"], [own]), [own]);
  const rules = combineRules(["time", "memory"], []);
  const results = evaluateRules({ rules, acks: [] }, side("lower"), side("lower"), {
    noise: 0,
    today: "2026-01-01",
  });
  assert.deepEqual(results.map((r) => r.name), ["run_seconds"]);
  const gone = evaluateRules({ rules, acks: [] }, side("lower", null), side("lower"), {
    noise: 0,
    today: "2026-01-01",
  });
  assert.equal(gone[0].status, "inconclusive", "it was known before and is no longer");
});
