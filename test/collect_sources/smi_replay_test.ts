import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { source as nvidiaSmi } from "../../src/collect/sources/nvidia_smi.ts";
import { parseSmiCsv } from "../../src/parse/gpu/smi_csv.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";
import { collector, sourceContext } from "./collector.ts";

/** Runs with a shell script called nvidia-smi in front of the PATH; `$folder` is a place for its state. */
async function standIn(script: string, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-smi-"));
  const path = process.env.PATH;
  try {
    writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\nfolder=${folder}\n${script}\n`);
    chmodSync(join(folder, "nvidia-smi"), 0o755);
    process.env.PATH = `${folder}:${path}`;
    await body(folder);
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (
  const gpu of ["h100-80gb-hbm3__590.48.01", "l40s__595.80", "geforce-rtx-4080-super__595.71.05"]
) {
  const csv = `fixtures/nvidia-smi-csv/linux-x86_64__nvidia-${gpu}__load__query-gpu.csv`;
  test(`the recorded loop of ${gpu.split("__")[0]} is sampled as its parser reads it`, {
    skip: needsShared(csv),
  }, async () => {
    const script = `csv="${sharedPath(csv)}"
case "$*" in
*dmon*) printf '# gpu  rxpci  txpci\\n# Idx   MB/s   MB/s\\n    0     12     34\\n'; sleep 5;;
*"-q -x"*) exit 1;;
*loop-ms*) head -1 "$csv"; i=0; while [ $i -lt 40 ]; do tail -n +2 "$csv"; sleep 0.1; i=$((i+1)); done;;
*) cat "$csv";;
esac`;
    await standIn(script, async () => {
      const context = sourceContext("");
      const found = await nvidiaSmi.probe(context);
      assert.equal(found.status, "ok");
      const opened = await nvidiaSmi.open(context);
      const { sink, last, pushed } = collector();
      try {
        for (let i = 0; i < 40 && pushed.length === 0; i++) {
          await wait(50);
          await opened.sample(sink);
        }
        await wait(300);
        await opened.sample(sink);
        const expected = parseSmiCsv(sharedText(csv), csv).snapshots[0].readings;
        assert.ok(expected.length > 30);
        for (const one of expected) {
          const got = last(`${one.device} ${one.field}`);
          assert.ok(got !== undefined, `${one.device} ${one.field}`);
          assert.equal(got.value, one.value, one.field);
          if (one.value === null) assert.equal(got.reason, one.reason, one.field);
        }
        assert.equal(last("GPU-0 pcie_rx_bytes_per_second")?.value, 12e6);
        assert.equal(opened.failure(), null);
      } finally {
        await opened.close();
      }
    });
  });
}

const FAILURES = [
  { code: 9, file: "no-driver-9.txt", says: /driver is not loaded/ },
  { code: 12, file: "lib-missing-12.txt", says: /libnvidia-ml/ },
  { code: 18, file: "nvml-driver-mismatch-18.txt", says: /version/i },
  { code: 255, file: "nvml-unknown-error.txt", says: /unknown error/i },
];
for (const { code, file, says } of FAILURES) {
  const path = `fixtures/nvidia-smi-failures/${file}`;
  test(`exit code ${code} with the recorded words on stdout: named by probe, and in mid-run`, {
    skip: needsShared(path),
  }, async () => {
    const fails = `cat "${sharedPath(path)}"; exit ${code}`;
    await standIn(fails, async () => {
      const found = await nvidiaSmi.probe(sourceContext(""));
      assert.equal(found.status, "absent");
      assert.match(found.reason!, says);
      assert.ok(found.remedy !== null);
    });
    const row = `echo 'index, name, power.draw [W]'; echo '0, GPU A, 100 W'`;
    const midRun = `if [ -e $folder/gone ]; then ${fails}; fi; ${row}
case "$*" in *loop-ms*) while [ ! -e $folder/gone ]; do sleep 0.05; done; ${fails};; esac`;
    await standIn(midRun, async (folder) => {
      const opened = await nvidiaSmi.open(sourceContext(""));
      const { sink, last } = collector();
      try {
        for (let i = 0; i < 60 && last("GPU-0 power_watts") === undefined; i++) {
          await wait(50);
          await opened.sample(sink);
        }
        assert.equal(last("GPU-0 power_watts")?.value, 100);
        assert.equal(opened.failure(), null);
        writeFileSync(join(folder, "gone"), "");
        for (let i = 0; i < 60 && opened.failure() === null; i++) {
          await wait(50);
          await opened.sample(sink);
        }
        assert.match(opened.failure()!, says);
        assert.equal(last("GPU-0 power_watts")?.value, null);
        assert.match(last("GPU-0 power_watts")!.reason!, says);
        // The driver comes back: the tool is started anew after a wait, and the run stays partial.
        rmSync(join(folder, "gone"));
        for (let i = 0; i < 100 && last("GPU-0 power_watts")?.value === null; i++) {
          await wait(50);
          await opened.sample(sink);
        }
        assert.equal(last("GPU-0 power_watts")?.value, 100);
        assert.match(opened.failure()!, says);
      } finally {
        await opened.close();
      }
    });
  });
}
