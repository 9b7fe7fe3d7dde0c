import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { command as fit } from "../../src/cli/commands/fault/fit.ts";
import { command as plan } from "../../src/cli/commands/fault/plan.ts";
import { parseGenerator } from "../../src/cli/fault/generator_spec.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";
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

const ARTIFACT = "golden/faults/oobleck_artifact_outputs.json";

test("fault fit leaves slow nodes out, whose length a log book does not say, and says how far the law misleads", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-fit-"));
  try {
    const path = join(folder, "log.csv");
    const rows = Array.from(
      { length: 40 },
      (_, i) =>
        `run,2022-05-${String(1 + i % 28).padStart(2, "0")}T${
          String(i % 24).padStart(2, "0")
        }:00,` +
        `${i % 4 === 0 ? "slowdown" : "failure"},node`,
    );
    writeFileSync(path, `run,time_local,kind,component\n${rows.join("\n")}\n`);
    const run = spillway(["fault", "fit", path]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /30 failures/);
    assert.match(
      run.stdout.replaceAll(/\s+/g, " "),
      /assumption of independent failures .* misleads/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a generator spans years", () => {
  assert.equal(parseGenerator("weibull:mtbf=3h,span=1y")!.spanSeconds, 365 * 86_400);
});

test("replay fault gives every run of the Oobleck artifact from the command line", {
  skip: needsShared(ARTIFACT, "traces/faults/oobleck"),
}, () => {
  const golden: Record<string, string & number>[] = JSON.parse(sharedText(ARTIFACT));
  const models = [...new Set(golden.map((g) => g.model))];
  for (const trace of new Set(golden.map((g) => g.trace))) {
    const path = sharedPath(`traces/faults/oobleck/oobleck_${trace}.csv`);
    const policies = ["--policy", "oobleck,varuna", "--sweep", `model=${models.join(",")}`];
    const run = spillway(["replay", "fault", path, ...policies, "--json"]);
    assert.equal(run.code, 0, run.stderr);
    for (const { policy, params, metrics, detail } of JSON.parse(run.stdout).results) {
      const o = golden.find((g) =>
        g.trace === trace && g.system === policy && g.model === params.model
      )!;
      const near = (actual: number, expected: number, what: string) =>
        assert.ok(
          Math.abs(actual / expected - 1) < 1e-6,
          `${policy} ${o.model} ${trace} ${what}: ${actual}, expected ${expected}`,
        );
      near(metrics.samples_per_second.value, o.samples_per_s, "samples/s");
      near(metrics.average_instances.value, o.avg_instances, "instances");
      near(metrics.spot_usd_per_hour.value, o.avg_cost_per_h, "cost");
      near(detail.effectiveMs, o.effective_ms, "effective time");
      assert.equal(metrics.completed_steps.value, o.steps);
      assert.equal(metrics.failure_count.value, o.preemptions);
    }
  }
});

test("jobs on one store, combined policies and the price of the waste come from the command line", async () => {
  await withTrace((path) => {
    const run = spillway([
      "replay",
      "fault",
      path,
      "--policy",
      "sync,async + spares,jitter,token-bucket,nvme-drain",
      "--shared",
      "fs=1GB/s",
      "--jobs",
      "4",
      "--hardware",
      "h100_sxm-x8",
      "--site",
      "aws-us-east-1",
      ...["useful=2h", "interval=600", "bytes=100GB", "gpus=8"].flatMap((s) => ["--set", s]),
      "--json",
    ]);
    assert.equal(run.code, 0, run.stderr);
    const { results } = JSON.parse(run.stdout);
    assert.deepEqual(results.map((r: { policy: string }) => r.policy), [
      "periodic-sync",
      "periodic-async",
      "jitter",
      "token-bucket",
      "nvme-drain",
    ]);
    const [sync, async_, ...others] = results;
    assert.equal(sync.metrics.jobs_count.value, 4);
    assert.equal(async_.params.spares, "p99");
    assert.ok(sync.metrics.waste_usd.value > 0 && sync.metrics.waste_grams_co2e.value > 0);
    for (const other of others) {
      assert.ok(
        other.metrics.goodput_ratio.value > sync.metrics.goodput_ratio.value,
        other.policy,
      );
    }
    const unknown = spillway(["replay", "fault", path, "--policy", "gemini+spars"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /did you mean "spares"/);
    const alone = spillway(["replay", "fault", path, "--jobs", "2"]);
    assert.equal(alone.code, 2);
    const wrong = spillway(["replay", "fault", path, "--shared", "120"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /NAME=BANDWIDTH/);
  });
});

test("jobs of their own sizes and starts, and what a store's files cost, come from the command line", async () => {
  await withTrace((path) => {
    const args = ["replay", "fault", path, "-p", "sync,none", "--shared", "fs=1GB/s"];
    const jobs = ["gpus=16,bytes=100GB,interval=10min", "gpus=8,bytes=20GB,start=1h,count=2"];
    const run = spillway([
      ...[...args, "--set", "useful=2h", "--set", "storeMetadata=0.1", "--json"],
      ...jobs.flatMap((job) => ["--job", job]),
    ]);
    assert.equal(run.code, 0, run.stderr);
    const [sync] = JSON.parse(run.stdout).results;
    assert.equal(sync.params.shared.each.length, 3);
    assert.equal(sync.metrics.jobs_count.value, 3);
    const told = sync.detail.jobs.map((j: Record<string, number>) => [
      j.startSeconds,
      j.gpus,
      j.checkpointBytes,
    ]);
    assert.deepEqual(told, [[0, 16, 1e11], [3600, 8, 2e10], [3600, 8, 2e10]]);
    // 16 files at a tenth of a file a second take longer than 100 GB at 1 GB/s.
    assert.ok(sync.detail.jobs[0].meanSaveSeconds >= 160 - 1e-6);
    const refused = (...extra: string[]) => spillway([...args, ...extra]);
    for (
      const [extra, message] of [
        [["--job", "gpus"], /"gpus" is not key=value/],
        [["--job", "gpu=8"], /did you mean "gpus"/],
        [["--job", "bytes=1TB,count=0"], /count from 1/],
        [["--job", "gpus=8"], /job 1 does not say/],
        [["--job", "tokens=3"], /not of one job/],
        [["--job", "bytes=1TB", "--jobs", "2"], /give one of them/],
      ] as const
    ) {
      const run = refused(...extra);
      assert.equal(run.code, 2, run.stderr);
      assert.match(run.stderr, message);
    }
  });
});

test("a topology and a recorded run are read from files, and damaged ones refused with their line", async () => {
  await withTrace((path) => {
    const folder = path.replace(/faults\.csv$/, "");
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const faults = write("named.csv", "start_seconds,node,kind\n1000,r1,node\n2000,c,node\n");
    const topology = write("t.csv", "node,rack\na,r1\nb,r1\nc,r2\n");
    const log = write("log.csv", "iteration_seconds,tokens\n8,1000\n12,3000\n");
    const run = spillway([
      ...["replay", "fault", faults, "--topology", topology, "--iterations", log],
      ...["--policy", "sync,none", "--set", "useful=6000", "--set", "gpus=16", "--json"],
    ]);
    assert.equal(run.code, 0, run.stderr);
    const [sync] = JSON.parse(run.stdout).results;
    // The rack of the job's two nodes is one failure; the third node is not the job's.
    assert.equal(sync.metrics.failure_count.value, 1);
    assert.equal(sync.params.iteration, 10);
    assert.equal(sync.params.iterationTokens, 2000);
    const { useful_tokens_per_second, lost_tokens, lost_iterations, wall_seconds } = sync.metrics;
    assert.ok(
      Math.abs(useful_tokens_per_second.value * wall_seconds.value - 600 * 2000) < 1e-3,
    );
    assert.ok(Math.abs(lost_tokens.value - lost_iterations.value * 2000) < 1e-3);
    const bad = write("bad.csv", "node,rack\na\n");
    const refused = spillway(["replay", "fault", faults, "--topology", bad]);
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /bad\.csv:2:1: 1 fields/);
    assert.equal(spillway(["replay", "fault", faults, "--iterations", "/none"]).code, 2);
  });
});

test("a stored trace keeps its jobs, its racks and its levels", async () => {
  await withTrace((path) => {
    const folder = path.replace(/faults\.csv$/, "");
    const store = ["--store", join(folder, "s.duckdb")];
    const racks = join(folder, "racks.csv");
    writeFileSync(
      racks,
      "start_seconds,node,kind,domain,rack\n1000,a,power,rack,r1\n2000,b,gpu,node,r1\n",
    );
    const replay = (trace: string) => {
      const run = spillway([
        ...["replay", "fault", trace, "--policy", "gemini", "--set", "useful=6000"],
        ...["--set", "placement=group", "--json", ...store],
      ]);
      assert.equal(run.code, 0, run.stderr);
      return JSON.parse(run.stdout).results[0].metrics;
    };
    const fromFile = replay(racks);
    assert.equal(spillway(["import", racks, ...store]).code, 0);
    assert.deepEqual(replay("racks"), fromFile);
    const sacct = join(folder, "jobs.txt");
    writeFileSync(
      sacct,
      "JobID|State|Start|End|NNodes|NodeList\n" +
        "1|COMPLETED|2025-01-01T00:00:00|2025-01-01T01:00:00|2|n[1-2]\n" +
        "2|NODE_FAIL|2025-01-01T00:00:00|2025-01-01T02:00:00|3|n[1-3]\n",
    );
    assert.equal(spillway(["import", sacct, ...store]).code, 0);
    const query = spillway([
      "query",
      "SELECT job_id, state, node_seconds FROM v_job ORDER BY job_id",
      "--json",
      ...store,
    ]);
    assert.equal(query.code, 0, query.stderr);
    assert.match(query.stdout, /NODE_FAIL/);
    assert.match(query.stdout, /21600/);
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
