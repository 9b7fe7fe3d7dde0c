import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { MACHINE } from "../replay/conversation/engine.ts";
import { spillway } from "../spillway.ts";

const TRACE = resolve("traces/chat.jsonl");
const SETTINGS = ["--set", "turns=20", "--set", "tokenDivisor=4"];

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "spillway-score-"));
  try {
    writeFileSync(join(folder, "m.json"), JSON.stringify(MACHINE));
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a bench of the conversation would print, taken from the replay itself, with changes. */
function recordedRun(folder: string, policy: string, change: Record<string, number> = {}) {
  const replay = spillway(
    [
      "replay",
      "conversation",
      TRACE,
      "-p",
      policy,
      "--hardware",
      "./m.json",
      "--json",
      ...SETTINGS,
    ],
    { cwd: folder },
  );
  assert.equal(replay.code, 0, replay.stderr);
  const { metrics } = JSON.parse(replay.stdout).results[0];
  const quantities = Object.fromEntries(
    Object.entries(metrics as Record<string, { value: number }>).map(([id, m]) => {
      const value = change[id] ?? m.value;
      return [id, { value, low: value, high: value, repeats: 5 }];
    }),
  );
  return {
    schema: "spillway/bench/1",
    workload: "conversation",
    params: { policy, turns: 20, tokenDivisor: 4, readBandwidth: null, stateBytes: null },
    seed: 1,
    quantities,
  };
}

test("predict --seal writes a file whose SHA-256 is the one it prints, and score judges it", () => {
  inFolder((folder) => {
    writeFileSync(join(folder, "a.json"), JSON.stringify(recordedRun(folder, "recompute")));
    const predicted = spillway([
      "predict",
      "conversation",
      TRACE,
      "-p",
      "kv-offload",
      "--hardware",
      "./m.json",
      "--recorded",
      "./a.json",
      "--seal",
      "-o",
      "p.json",
      "--json",
      ...SETTINGS,
    ], { cwd: folder });
    assert.equal(predicted.code, 0, predicted.stderr);
    const { sha256, prediction } = JSON.parse(predicted.stdout);
    const bytes = readFileSync(join(folder, "p.json"));
    assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256);
    assert.deepEqual(prediction.knob, { name: "policy", from: "recompute", to: "kv-offload" });
    const run = recordedRun(folder, "kv-offload", { ssd_read_bytes: 5 });
    const ttft = run.quantities.ttft_mean_seconds;
    run.quantities.ttft_mean_seconds = { ...ttft, value: ttft.value * 1.1 };
    writeFileSync(join(folder, "b.json"), JSON.stringify(run));
    const scored = spillway(["score", "p.json", "./b.json", "--json", "--save", "s"], {
      cwd: folder,
    });
    assert.equal(scored.code, 0, scored.stderr);
    const score = JSON.parse(scored.stdout);
    assert.equal(score.cases[0].sha256, sha256);
    const verdict = (id: string) =>
      score.cases[0].rows.find((r: { quantity: string }) => r.quantity === id).verdict;
    assert.equal(verdict("ssd_read_bytes"), "miss");
    assert.equal(verdict("ssd_written_bytes"), "hit");
    assert.equal(verdict("ttft_mean_seconds"), "hit");
    assert.equal(score.misses, 1);
    const report = spillway(["report", "s", "-o", "r.html"], { cwd: folder });
    assert.equal(report.code, 0, report.stderr);
    const page = readFileSync(join(folder, "r.html"), "utf8");
    assert.match(page, /Predicted against measured/);
    assert.match(page, new RegExp(sha256));
  });
});

test("a recorded run that its own replay does not reproduce is refused: nothing is predicted", () => {
  inFolder((folder) => {
    const wrong = recordedRun(folder, "recompute", { recomputed_turns: 1 });
    writeFileSync(join(folder, "a.json"), JSON.stringify(wrong));
    const done = spillway([
      "predict",
      "conversation",
      TRACE,
      "-p",
      "kv-offload",
      "--hardware",
      "./m.json",
      "--recorded",
      "./a.json",
      "--seal",
      "-o",
      "p.json",
      ...SETTINGS,
    ], { cwd: folder });
    assert.equal(done.code, 4);
    assert.match(done.stderr, /not reproduced under as-run: recomputed_turns/);
    assert.throws(() => readFileSync(join(folder, "p.json")));
  });
});

test("a prediction file that is none, and a run that measured nothing of it, are data errors", () => {
  inFolder((folder) => {
    writeFileSync(join(folder, "p.json"), '{"schema":"spillway/prediction/1"}');
    const bad = spillway(["score", "p.json", "./m.json"], { cwd: folder });
    assert.equal(bad.code, 4);
    assert.match(bad.stderr, /p\.json: tool: /);
    writeFileSync(join(folder, "p.json"), "{");
    assert.equal(spillway(["score", "p.json", "./m.json"], { cwd: folder }).code, 4);
    assert.equal(spillway(["score", "none.json", "./m.json"], { cwd: folder }).code, 4);
  });
});
