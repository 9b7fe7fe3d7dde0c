import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type AdviseDocument, adviseDocumentSchema } from "../../src/cli/schemas/advise_schema.ts";
import type { Metrics } from "../../src/model/metric.ts";
import { SPILLWAY, spillway } from "../spillway.ts";

const cwd = mkdtempSync(join(tmpdir(), "advise-"));
// A part of the shipped trace: what is tested is the search, not the replay.
const CHAT = "./chat.jsonl";
const SHIPPED = fileURLToPath(new URL("../../traces/chat.jsonl", import.meta.url));
writeFileSync(
  join(cwd, CHAT),
  `${readFileSync(SHIPPED, "utf8").split("\n").slice(0, 120).join("\n")}\n`,
);
after(() => rmSync(cwd, { recursive: true }));

const COMMON = ["--llm", "llama-2-7b", "--hardware", "a100_sxm", "--today", "2026-11-25"];

function advise(...args: string[]): AdviseDocument {
  const done = spillway(["advise", "--json", "--quiet", ...COMMON, ...args], { cwd });
  assert.equal(done.code, 0, done.stderr);
  return adviseDocumentSchema.parse(JSON.parse(done.stdout));
}

/** Runs a printed command line in a shell, with this program in the place of its name. */
function shell(line: string): string {
  const own = SPILLWAY.map((w) => `'${w}'`).join(" ");
  const done = spawnSync("sh", ["-c", line.replace(/^spillway/, own)], { cwd, encoding: "utf8" });
  assert.equal(done.status, 0, `${line}: ${done.stderr}`);
  return done.stdout;
}

const SEARCH = [
  "--trace",
  CHAT,
  "--policy",
  "recompute,kv-offload",
  "--slo",
  "ttft_p99_seconds<500ms",
  "--factor",
  "ssd.embodied=20..60",
];
const GREEN = [...SEARCH, "--minimize", "total_grams_co2e", "--points", "12"];

test("the printed commands give the numbers of their points again, prices included", () => {
  const d = advise(...GREEN);
  assert.ok(d.points.length >= 8);
  const chosen = d.front.find((f) => f.point === d.recommendation.point);
  assert.ok(chosen !== undefined, "the recommended point is on the front");
  for (const f of [chosen]) {
    writeFileSync(join(cwd, "point.json"), shell(`${f.command} --json`));
    const replay = JSON.parse(readFileSync(join(cwd, "point.json"), "utf8"));
    const estimate = JSON.parse(shell(`${d.recommendation.priceCommand} --json`));
    const again = { ...replay.results[0].metrics, ...estimate.results[0].metrics } as Metrics;
    for (const [id, m] of Object.entries(f.metrics as Metrics)) {
      if (again[id] === undefined) {
        assert.equal(m.value, 0, `${id}: nothing written is no wear`);
        continue;
      }
      assert.equal(again[id].value, m.value, id);
      // The search leaves the ends of latencies out; prices have theirs.
      if (/usd|co2e/.test(id)) assert.deepEqual([again[id].low, again[id].high], [m.low, m.high]);
    }
  }
});

test("a search that is stopped goes on where it was and ends with the same bytes", () => {
  const run = (...more: string[]) => {
    const done = spillway(["advise", "--json", "--quiet", ...COMMON, ...GREEN, ...more], { cwd });
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
  };
  const whole = run("--resume", "points.jsonl");
  const lines = readFileSync(join(cwd, "points.jsonl"), "utf8").split("\n");
  // As after a kill: half of the points, the last line cut short.
  writeFileSync(
    join(cwd, "points.jsonl"),
    `${lines.slice(0, 6).join("\n")}\n${lines[6].slice(0, 9)}`,
  );
  assert.equal(run("--resume", "points.jsonl"), whole);
  const other = spillway(
    ["advise", ...COMMON, ...GREEN, "--seed", "7", "--resume", "points.jsonl"],
    { cwd },
  );
  assert.equal(other.code, 4);
  assert.match(other.stderr, /belongs to another search/);
});

test("allocators of KV memory are a dimension: a wasteful one is searched and never better", () => {
  const d = advise(...SEARCH, "--sweep", "dram=0,64GiB", "--set", "ssd=0", "--points", "40");
  const wasteful = d.points.filter((p) => / allocator=contiguous/.test(p.name));
  assert.ok(wasteful.length > 0);
  for (const p of wasteful) {
    const { kvWaste: _, ...rest } = p.set;
    const twin = d.points.find((q) =>
      q.policy === p.policy && !/ allocator=/.test(q.name) &&
      Object.entries(rest).every(([k, v]) => q.set[k] === v)
    );
    if (twin === undefined) continue;
    const ttft = (x: typeof p) => Number((x.metrics as Metrics).ttft_p99_seconds.value);
    assert.ok(ttft(twin) <= ttft(p) * 1.05, `${twin.name} against ${p.name}`);
  }
});

test("when nothing below the GPU is worth its price, that is the recommendation", () => {
  const d = advise("--trace", CHAT, "--policy", "recompute,kv-offload", "--points", "10");
  assert.equal(d.recommendation.worthIt, false);
  assert.match(d.recommendation.reason, /^none is worth it: recompute/);
});

test("faults are searched over policies, intervals, spares and copies", () => {
  const d = advise(
    "--trace",
    "exponential:nodes=16,mtbf=2d,span=60d",
    "--set",
    "gpus=128",
    "--set",
    "bytes=500GB",
    "--points",
    "40",
  );
  assert.ok(new Set(d.points.map((p) => p.policy)).size >= 4);
  assert.ok(d.points.some((p) => /interval=/.test(p.name)));
  assert.ok(d.points.every((p) => p.baseline === (p.policy === "none")));
  assert.doesNotMatch(d.recommendation.reason, /GPU memory/);
  assert.ok(d.objectives.includes("wall_seconds") && d.objectives.includes("total_grams_co2e"));
});

const JOB = [
  "--trace",
  "model:batch=8,seq=2048",
  "--faults",
  "exponential:nodes=16,mtbf=2d,span=30d",
  "--steps",
  "50000",
  "--llm",
  "llama-2-7b",
  "--hardware",
  "a100_sxm-x8",
];

function adviseJob(...args: string[]): AdviseDocument {
  const done = spillway(["advise", "--json", "--quiet", ...JOB, ...args], { cwd });
  assert.equal(done.code, 0, done.stderr);
  return adviseDocumentSchema.parse(JSON.parse(done.stdout));
}

test("a job is searched as pairs: every step of the front with every fault policy and interval", () => {
  const d = adviseJob(
    "--policy",
    "activation-recompute,zero-offload,periodic-sync,gemini",
    "--points",
    "60",
  );
  const job = d.job!;
  assert.equal(job.trace.kind, "faults");
  const stepOf = (p: AdviseDocument["points"][number]) => p.name.split(" + ")[0];
  const pairs = new Set(job.points.map((p) => `${stepOf(p)} + ${p.policy.split(" + ")[1]}`));
  const steps = new Set(job.points.map(stepOf));
  const faults = new Set(job.points.map((p) => p.policy.split(" + ")[1]));
  assert.ok(steps.size >= 2 && faults.size === 2, [...pairs].join(", "));
  assert.equal(pairs.size, steps.size * faults.size, "crossed, not one after the other");
  for (const p of job.points) {
    const fault = p.policy.split(" + ")[1];
    const m = p.metrics as Metrics;
    const iteration = Number(p.set[`${fault}.iteration`]);
    // Each job is about its own step: the one of that name in the search before.
    const own = d.points.find((q) => q.name === stepOf(p))!;
    assert.equal(iteration, Number((own.metrics as Metrics).step_seconds.value));
    assert.equal(Number(p.set[`${fault}.useful`]), 50_000 * iteration);
    assert.ok(Number(m.wall_seconds.value) >= 50_000 * iteration * (1 - 1e-9));
    assert.ok(Number(p.set[`${fault}.bytes`]) > 14 * 6e9);
  }
});

test("the command of a job's point gives that one pair again, with the same prices", () => {
  const d = adviseJob("--policy", "zero-offload,periodic-sync", "--points", "9");
  const point = d.job!.front[0];
  const again = JSON.parse(shell(`${point.command} --json --quiet`)) as AdviseDocument;
  assert.equal(again.job!.points.length, 1);
  const pair = d.job!.points[point.point];
  assert.deepEqual(again.job!.points[0].set, pair.set);
  for (const [id, m] of Object.entries(pair.metrics as Metrics)) {
    const other = (again.job!.points[0].metrics as Metrics)[id];
    if (other !== undefined) assert.equal(other.value, m.value, id);
  }
});

for (
  const [args, expected] of [
    [["--slo", "ttft_p99_second<2"], /did you mean "ttft_p99_seconds"/],
    [["--minimize", "goodput_ratio"], /better when higher/],
    [["--set", "drm=1GiB"], /no policy of this search has the parameter/],
    [["--family", "offlod"], /did you mean "offload"/],
  ] as const
) {
  test(`advise ${args.join(" ")} is refused in one sentence`, () => {
    const done = spillway(["advise", "--trace", CHAT, ...COMMON, ...args], { cwd });
    assert.equal(done.code, 2, done.stdout + done.stderr);
    assert.match(done.stderr, expected);
  });
}
