import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  damageOf,
  durableIterations,
  fillState,
  persist,
} from "../../src/workload/checkpoint/checkpoint_store.ts";
import { killLoop, runTrainer } from "../../src/workload/checkpoint/kill_loop.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-checkpoint-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const BYTES = 2 ** 20 + 4096;

test("a persisted checkpoint is intact, and the newest two are kept", async () => {
  await inFolder(async (folder) => {
    const state = new Uint8Array(BYTES);
    for (const iteration of [5, 10, 15]) {
      fillState(state, iteration);
      await persist(folder, iteration, state);
    }
    assert.deepEqual(durableIterations(folder), [15, 10]);
    assert.equal(damageOf(folder, 15, BYTES), null);
    assert.match(damageOf(folder, 5, BYTES)!, /not there/);
  });
});

test("a changed byte, a short file and another iteration's content are seen", async () => {
  await inFolder(async (folder) => {
    const state = new Uint8Array(BYTES);
    fillState(state, 7);
    await persist(folder, 7, state);
    const path = join(folder, "checkpoint-000000007");
    const whole = readFileSync(path);
    for (const at of [0, 8, 20, 48, BYTES + 47]) {
      const damaged = new Uint8Array(whole);
      damaged[at] ^= 1;
      writeFileSync(path, damaged);
      assert.notEqual(damageOf(folder, 7, BYTES), null, `byte ${at}`);
    }
    writeFileSync(path, whole.subarray(0, BYTES));
    assert.match(damageOf(folder, 7, BYTES)!, /bytes/);
    // A whole, correctly summed checkpoint that holds another iteration's state.
    fillState(state, 8);
    await persist(folder, 9, state);
    assert.match(damageOf(folder, 9, BYTES)!, /another iteration/);
  });
});

test("twenty kills at random points leave the newest durable checkpoint intact", async () => {
  await inFolder(async (folder) => {
    const options = { folder, stateBytes: 8 * 2 ** 20, iterationMs: 2, every: 2, iterations: 8 };
    // Points of a training of four checkpoints as long as it takes here: a slow machine is killed later.
    const undisturbed = await runTrainer(options, null);
    const spanMs = 1000 * undisturbed.doneSeconds!;
    let at = 0;
    const draw = () => ((at++ * 37) % 160) / 160 * 1.5 * spanMs;
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    const report = await killLoop(options, 20, draw);
    assert.equal(report.kills, 20);
    assert.ok(report.newest > 0, "some checkpoint became durable");
    assert.ok(report.verified >= 10);
    assert.ok(report.resumedFrom.some((iteration) => iteration > 0));
  });
});
