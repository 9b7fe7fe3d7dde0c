import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { z } from "zod";
import { command } from "../../src/cli/commands/noise.ts";
import { spillway } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-noise-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("noise times the three probes and leaves nothing behind", async () => {
  const done = spillway(["noise", "--rounds", "3", "--json"], { cwd: folder });
  assert.equal(done.code, 0, done.stderr);
  const schema = await command.output!() as z.ZodType;
  // deno-lint-ignore no-explicit-any
  const document = schema.parse(JSON.parse(done.stdout)) as any;
  assert.deepEqual(document.probes.map((p: { name: string }) => p.name), ["cpu", "memory", "disk"]);
  for (const probe of document.probes) {
    assert.equal(probe.seconds.length, 3);
    assert.ok(probe.noiseRatio > 0 && probe.noiseRatio <= document.suggestedNoise, probe.name);
    assert.ok(probe.minDetectable.runs5 > probe.minDetectable.runs10);
  }
  assert.deepEqual(readdirSync(folder), []);
});

test("noise times a command, and refuses one that fails", () => {
  const done = spillway(["noise", "--rounds", "3", "--", "sleep", "0.02"], { cwd: folder });
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /sleep 0\.02/);
  assert.equal(spillway(["noise", "--rounds", "3", "--", "false"], { cwd: folder }).code, 4);
  assert.equal(spillway(["noise", "--rounds", "1"], { cwd: folder }).code, 2);
});

test("noise --save raises what every later gate calls a change, and keeps the rest of spillway.json", () => {
  writeFileSync(join(folder, "spillway.json"), '{"seed": 7, "gate": {"baseline": "main"}}');
  const done = spillway(["noise", "--rounds", "3", "--save", "--json", "--", "true"], {
    cwd: folder,
  });
  assert.equal(done.code, 0, done.stderr);
  const config = JSON.parse(readFileSync(join(folder, "spillway.json"), "utf8"));
  const { suggestedNoise } = JSON.parse(done.stdout);
  assert.deepEqual(config, { seed: 7, gate: { baseline: "main", noise: suggestedNoise } });
});
