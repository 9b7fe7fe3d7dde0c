import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseGdsio } from "../../src/parse/gdsio.ts";
import { parseNixlbench } from "../../src/parse/nixlbench.ts";
import { parseNvbandwidth } from "../../src/parse/nvbandwidth.ts";
import { importMeasurements } from "../../src/workload/calibrate/import_measurements.ts";
import { needsShared, sharedPath } from "../shared.ts";

const NVBANDWIDTH = `Some check failed before the JSON
{ "nvbandwidth": { "CUDA Runtime Version": 13010, "Driver Version": "590.1",
  "testcases": [
    { "name": "host_to_device_memcpy_ce", "status": "Passed", "sum": 30,
      "bandwidth_matrix": [["10.5", "N/A", "20"]] },
    { "name": "host_to_device_bidirectional_memcpy_ce", "status": "Passed",
      "bandwidth_matrix": [["8.4", "N/A", "15"]] },
    { "name": "device_local_copy", "status": "Passed", "bandwidth_matrix": [["100"]] },
    { "name": "device_to_device_memcpy_read_ce", "status": "Waived" } ] } }`;

test("nvbandwidth's strings are 10^9 bytes a second, diagonals and waived tests are left out", () => {
  const { tests, driver } = parseNvbandwidth(NVBANDWIDTH, "x");
  assert.deepEqual(tests[0].bytesPerSecond, [10.5e9, 20e9]);
  assert.deepEqual(tests[3], {
    name: "device_to_device_memcpy_read_ce",
    status: "Waived",
    bytesPerSecond: [],
  });
  assert.equal(driver, "590.1");
  const { measurements } = importMeasurements(NVBANDWIDTH, "x", "2026-11-25");
  const of = (id: string) => measurements.find((m) => m.id === id)!;
  assert.equal(of("host_to_device_bytes_per_second").value, 15.25e9);
  assert.equal(of("duplex_ratio").value, (8.4 / 10.5 + 15 / 20) / 2);
  assert.equal(of("hbm_bytes_per_second").value, 200e9);
});

test("nvbandwidth's text form gives the matrix rows, not their header", () => {
  const text = "nvbandwidth Version: v0.6\nDriver Version: 550\n\nDevice 0: X\n\n" +
    "Running host_to_device_memcpy_ce.\nmemcpy CE (GB/s)\n           0         1\n" +
    " 0    369.36    N/A\n\nSUM host_to_device_memcpy_ce 369.36\n\nWaived:\n";
  assert.deepEqual(parseNvbandwidth(text, "x").tests, [{
    name: "host_to_device_memcpy_ce",
    status: "Passed",
    bytesPerSecond: [369.36e9],
  }]);
});

test("nvbandwidth output that is damaged, empty or of a failed run is a data error", () => {
  const failed = '{"nvbandwidth": {"error": "cuInit returned SYSTEM_NOT_READY", "testcases": []}}';
  assert.throws(() => parseNvbandwidth(failed, "f"), { kind: "data", message: /SYSTEM_NOT_READY/ });
  const cut = NVBANDWIDTH.slice(0, NVBANDWIDTH.length / 2);
  assert.throws(() => parseNvbandwidth(cut, "f"), { kind: "data", message: /cut short/ });
  assert.throws(() => parseNvbandwidth("", "f"), { kind: "data" });
  assert.throws(() => importMeasurements("\u0000\u0001", "f", ""), {
    kind: "data",
    message: /no output/,
  });
});

test("gdsio's lines give GiB a second by direction and path", () => {
  const line = "IoType: READ XferType: GPUD Threads: 8 DataSetSize: 5/4(KiB) IOSize: 1024(KiB) " +
    "Throughput: 2.000000 GiB/sec, Avg_Latency: 1000.5 usecs ops: 7 total_time 1.0 secs";
  assert.deepEqual(parseGdsio(`noise\n${line}\n`, "x"), [{
    direction: "read",
    path: "GPUD",
    threads: 8,
    ioBytes: 2 ** 20,
    bytesPerSecond: 2 ** 31,
    latencySeconds: 1000.5 * 1e-6,
  }]);
  assert.throws(() => parseGdsio(`a\n${line.slice(0, 90)}`, "x"), { message: /^x:2: / });
  assert.throws(() => parseGdsio("", "x"), { kind: "data" });
});

test("nixlbench's columns are found by their names, whatever their order", () => {
  const head =
    "Op type (--op_type=[READ, WRITE])       : WRITE\nBackend (--backend=[...])  : POSIX\n";
  const now =
    `${head}Block Size (B)      Batch Size     B/W (GB/Sec)   Avg Lat. (us)  Avg Prep (us)\n` +
    "-----\n4096                1              0.5            8.2            1\n" +
    "1048576             1              2.5            400            1\n";
  const before =
    `${head}Block Size (B)      Batch Size     Avg Lat. (us)  B/W (MiB/Sec)  B/W (GiB/Sec)  B/W (GB/Sec)   \n` +
    "-----\n4096                1              8.2            476            0.46            0.5\n";
  for (const text of [now, before]) {
    const { direction, rows } = parseNixlbench(text, "x");
    assert.equal(direction, "write");
    assert.equal(rows[0].bytesPerSecond, 0.5e9);
    assert.ok(Math.abs(rows[0].latencySeconds! - 8.2e-6) < 1e-12);
  }
  const imported = importMeasurements(now, "x", "");
  assert.equal(imported.measurements[0].id, "sequential_write_bytes_per_second");
  assert.equal(imported.measurements[0].value, 2.5e9);
  assert.throws(() => importMeasurements(now.replace(head, ""), "x", ""), {
    message: /whether it read/,
  });
  assert.throws(() => parseNixlbench(now.replace("400            1", "400"), "x"), {
    message: /4 cells under 5/,
  });
});

test("fio's global options count for every job, its own ones win", () => {
  const text = JSON.stringify({
    "fio version": "fio-3.40",
    "global options": { bs: "128k", iodepth: "4", direct: "1", rw: "read" },
    jobs: [
      {
        jobname: "a",
        error: 0,
        "job options": { rw: "randread", bs: "4k" },
        read: { io_bytes: 5, bw_bytes: 7, iops: 9 },
      },
      { jobname: "b", error: 0, "job options": {}, read: { io_bytes: 5, bw_bytes: 8, iops: 2 } },
    ],
  });
  const { points } = importMeasurements(text, "x", "2026-11-25");
  assert.deepEqual(
    points.map((p) => [p.access, p.blockBytes, p.queueDepth, p.cache, p.bytesPerSecond.value]),
    [["random-read", 4096, 4, "direct", 7], ["sequential-read", 131_072, 4, "direct", 8]],
  );
});

test("every recorded output of nvbandwidth, gdsio and fio is read", {
  skip: needsShared("fixtures/nvbandwidth", "fixtures/gdsio", "fixtures/fio"),
}, () => {
  for (const folder of ["nvbandwidth", "gdsio", "fio"]) {
    const path = sharedPath(`fixtures/${folder}`);
    for (const name of readdirSync(path)) {
      if (/gpu_copy|\.gz$|local-normal/.test(name)) continue;
      const { measurements } = importMeasurements(readFileSync(join(path, name), "utf8"), name, "");
      assert.ok(measurements.length > 0, name);
      for (const m of measurements) assert.ok(m.value > 0 && m.low <= m.value && m.value <= m.high);
    }
  }
});
