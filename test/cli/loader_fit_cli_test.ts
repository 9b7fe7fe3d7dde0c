import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { z } from "zod";
import { command } from "../../src/cli/commands/loader/fit.ts";
import { spillway } from "../spillway.ts";

const HEAD = "submitter,system,workload,accelerator,num_accelerators,au_mean_pct,au_meets," +
  "throughput_samples_s,num_files_train,num_samples_per_file";

test("what loader fit prints follows its schema, and its text says the same", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "spillway-loader-fit-"));
  try {
    const rows = [
      "acme,one,unet3d,a100,4,95.5,success,21.5,1000,1",
      "acme,one,unet3d,h100,4,92.1,success,42.0,1000,1",
      "acme,two,unet3d,h100,2,81.0,failure,18.0,1000,1",
      "acme,three,resnet50,a100,8,97.0,success,11000,2000,1251",
      "acme,broken,resnet50,h100,8,,failure,,2000,1251",
    ];
    writeFileSync(join(cwd, "runs.csv"), [HEAD, ...rows, ""].join("\n"));
    const ran = spillway(["loader", "fit", "runs.csv", "--json"], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    const schema = await command.output!() as z.ZodType<{ workloads: { workload: string }[] }>;
    const document = schema.parse(JSON.parse(ran.stdout));
    assert.deepEqual(document.workloads.map((w) => w.workload).sort(), ["resnet50", "unet3d"]);
    const { runs, incomplete } = JSON.parse(ran.stdout);
    assert.deepEqual({ runs, incomplete }, { runs: 4, incomplete: 1 });
    const text = spillway(["loader", "fit", "runs.csv"], { cwd });
    assert.match(text.stdout, /unet3d +3 /);
    assert.doesNotMatch(text.stdout, /NaN|undefined|all 1 |1 rows|-2\s+min/);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
