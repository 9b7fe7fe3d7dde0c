import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { parseFioJson } from "../../src/parse/fio_json.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";

const FOLDER = "fixtures/fio";
const skip = needsShared(FOLDER);
const files = skip ? [] : readdirSync(sharedPath(FOLDER)).filter((f) => !f.endsWith(".tar.gz"));

for (const file of files) {
  test(`fio: ${file} is read fully or refused with a sentence`, () => {
    const text = sharedText(`${FOLDER}/${file}`);
    if (!text.includes('"fio version"')) {
      assert.throws(() => parseFioJson(text, file), { kind: "data", message: new RegExp(file) });
      return;
    }
    const { jobs, version } = parseFioJson(text, file);
    assert.match(version, /^fio-/);
    assert.ok(jobs.length > 0);
    for (const job of jobs) {
      for (const d of [job.read, job.write]) {
        assert.ok(d.bytes >= 0 && (d.bytes === 0) === (d.operations === 0), job.name);
      }
      assert.ok(job.read.bytes + job.write.bytes > 0, job.name);
    }
  });
}

const MINIMAL = JSON.stringify(
  {
    "fio version": "fio-3.33",
    jobs: [{
      jobname: "j",
      error: 0,
      read: {
        io_bytes: 4096,
        bw_bytes: 8192,
        iops: 2,
        total_ios: 1,
        clat_ns: { percentile: { "50.000000": 1500, "99.000000": 2500 } },
      },
      write: { io_bytes: 0, total_ios: 0 },
      sync: { lat_ns: { percentile: { "50.000000": 7000 } } },
    }],
  },
  null,
  2,
);

test("notes before the JSON are kept as the preamble", () => {
  const result = parseFioJson(
    `note: both iodepth >= 1 and synchronous I/O engine\n${MINIMAL}`,
    "x",
  );
  assert.equal(result.preamble.length, 1);
  assert.equal(result.jobs[0].read.latencyP50Seconds, 1.5e-6);
  assert.equal(result.jobs[0].syncP50Seconds, 7e-6);
  assert.equal(result.jobs[0].write.latencyP50Seconds, null);
});

test("damaged fio output is refused with the place", () => {
  for (
    const bad of [
      "",
      "fio: engine foo not loadable\n",
      "{}",
      "[]",
      '{"jobs": []}',
      MINIMAL.slice(0, 80),
    ]
  ) {
    assert.throws(() => parseFioJson(bad, "bad.json"), { kind: "data", message: /bad\.json/ }, bad);
  }
});

test("every truncation of a result is refused, never half-read", () => {
  for (let cut = 0; cut < MINIMAL.length - 1; cut += 7) {
    assert.throws(() => parseFioJson(MINIMAL.slice(0, cut), "cut"), { kind: "data" });
  }
});
