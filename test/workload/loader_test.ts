import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pageAlignedBytes } from "../../src/workload/kv/block_file.ts";
import { fitReads, modelledSeconds } from "../../src/workload/loader/read_model.ts";
import { openSamples, verifySample, writeSamples } from "../../src/workload/loader/sample_file.ts";
import { workload } from "../../src/workload/workloads/loader.ts";

function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "spillway-loader-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the read model recovers what three measurements were made of, and noise never makes it negative", () => {
  const truth = { openSeconds: 2e-4, requestSeconds: 5e-5, byteSeconds: 1e-9 };
  const cost = (opens: number, requests: number, bytes: number) => ({
    opens,
    requests,
    bytes,
    seconds: modelledSeconds(truth, { opens, requests, bytes }),
  });
  const fitted = fitReads([cost(48, 48, 6e6), cost(8, 32, 3.2e7), cost(8, 512, 3.2e7)]);
  for (const [name, value] of Object.entries(truth)) {
    const found = fitted[name as keyof typeof truth];
    assert.ok(Math.abs(found / value - 1) < 1e-9, `${name}: ${found}`);
  }
  const noisy = fitReads([
    { ...cost(48, 48, 6e6), seconds: 0.001 },
    cost(8, 32, 3.2e7),
    cost(8, 512, 3.2e7),
  ]);
  assert.ok(Object.values(noisy).every((x) => x >= 0));
  assert.throws(() => fitReads([cost(1, 1, 10), cost(1, 1, 10), cost(2, 2, 20)]), /all alike/);
});

test("samples come back as written, in reads of the asked size; a flipped byte is found", () => {
  withFolder((folder) => {
    const path = join(folder, "shard");
    const pieces = writeSamples(path, [{ id: 3, bytes: 8192 }, { id: 4, bytes: 4096 }]);
    assert.deepEqual(pieces.map((p) => p.offset), [0, 8192]);
    const buffer = pageAlignedBytes(8192);
    const reader = openSamples(path, true);
    assert.equal(reader.read(buffer.subarray(0, 8192), 0, 8192, 4096), 2);
    verifySample(buffer.subarray(0, 8192), 3);
    reader.close();
    const file = openSync(path, "r+");
    writeSync(file, Uint8Array.of(buffer[100] ^ 1), 0, 1, 100);
    closeSync(file);
    const again = openSamples(path, false);
    again.read(buffer.subarray(0, 8192), 0, 8192, 8192);
    again.close();
    assert.throws(
      () => verifySample(buffer.subarray(0, 8192), 3),
      /sample 3 came back damaged: byte 100/,
    );
  });
});

test("bench loader reads both forms of a data set, verifies every byte and sets the model beside it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-loader-"));
  try {
    const params = workload.params.parse({ samples: 16, bytes: 65_536, perShard: 4, epochs: 2 });
    const result = await workload.run(params, {
      directory: folder,
      seed: 1,
      signal: new AbortController().signal,
      mark: () => {},
      progress: () => {},
      asOf: "2026-01-01",
    });
    const [files, shards] = result.phases;
    assert.deepEqual([files.name, shards.name], ["small-files", "packed-shards"]);
    assert.deepEqual([files.operations, shards.operations], [32, 8]);
    assert.equal(files.bytesRead, shards.bytesRead);
    assert.equal(result.verifiedBytes, files.bytesRead + shards.bytesRead);
    assert.match(result.notes.join("\n"), /small-files: measured .* modelled /);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
