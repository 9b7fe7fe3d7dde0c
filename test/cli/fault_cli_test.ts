import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { command as fit } from "../../src/cli/commands/fault/fit.ts";
import { command as plan } from "../../src/cli/commands/fault/plan.ts";
import { parseGenerator } from "../../src/cli/fault/generator_spec.ts";
import { spillway } from "../spillway.ts";

const SET = ["useful=6000", "interval=600", "checkpoint=30", "restart=120"].flatMap((pair) => [
  "--set",
  pair,
]);

async function withTrace(body: (path: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-fault-"));
  const path = join(folder, "faults.csv");
  writeFileSync(path, "start_seconds\n1000\n2500\n2650\n6000\n");
  try {
    await body(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("replay fault ends the deterministic timelines at 7380 s and 8640 s", async () => {
  await withTrace((path) => {
    const policies = ["--policy", "periodic-sync,periodic-async", "--set", "persist=200"];
    const run = spillway(["replay", "fault", path, ...policies, ...SET, "--json"]);
    assert.equal(run.code, 0, run.stderr);
    const { results } = JSON.parse(run.stdout);
    assert.equal(results[0].metrics.wall_seconds.value, 7380);
    assert.equal(results[0].metrics.lost_seconds.value, 600);
    assert.equal(results[1].metrics.wall_seconds.value, 8640);
    assert.equal(results[1].metrics.lost_seconds.value, 1860);
  });
});

test("a swept interval carries its curve and the analytic optimum", async () => {
  await withTrace((path) => {
    const sweep = ["--policy", "periodic-sync", "--sweep", "interval=300,600,1200"];
    const run = spillway(["replay", "fault", path, ...sweep, "--set", "useful=6000", "--json"]);
    assert.equal(run.code, 0, run.stderr);
    const [first] = JSON.parse(run.stdout).results;
    const curve = first.series.find((s: { id: string }) => s.id === "goodput_by_interval");
    assert.deepEqual(curve.x, [300, 600, 1200]);
    assert.ok(first.notes.some((note: string) => note.startsWith("analytic optimum")));
  });
});

test("seeds of a generated trace put an interval around every value", () => {
  const trace = "weibull:mtbf=2h,nodes=16,span=20d";
  const args = ["--policy", "periodic-sync", "--seeds", "10", "--set", "useful=10d", "--json"];
  const run = spillway(["replay", "fault", trace, ...args]);
  assert.equal(run.code, 0, run.stderr);
  const { goodput_ratio: g } = JSON.parse(run.stdout).results[0].metrics;
  assert.ok(g.low < g.value && g.value < g.high && g.count === 10);
  assert.equal(spillway(["replay", "fault", trace, ...args]).stdout, run.stdout);
});

test("fault fit and fault plan print what their schemas say", async () => {
  await withTrace(async (path) => {
    const fitted = spillway(["fault", "fit", path, "--json"]);
    assert.equal(fitted.code, 0, fitted.stderr);
    (await fit.output!())!.parse(JSON.parse(fitted.stdout));
    const planned = spillway(["fault", "plan", "--gpus", "512", "--seeds", "2", "--json"]);
    assert.equal(planned.code, 0, planned.stderr);
    (await plan.output!())!.parse(JSON.parse(planned.stdout));
  });
});

test("generator words are read, and wrong ones named", () => {
  assert.equal(parseGenerator("faults.csv"), null);
  const spec = parseGenerator("weibull:mtbf=3h,shape=0.7,nodes=64")!;
  assert.equal(spec.mtbfSeconds, 10_800);
  assert.equal(spec.shape, 0.7);
  assert.throws(() => parseGenerator("weibull:mtfb=3h"), /did you mean "mtbf"/);
  assert.throws(() => parseGenerator("weibull:nodes=0"), /nodes=0/);
  assert.throws(() => parseGenerator("weibull:shape=9"), /0\.3 to 5/);
});
