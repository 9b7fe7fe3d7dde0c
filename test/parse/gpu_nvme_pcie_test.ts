import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { missingReason } from "../../src/parse/gpu/missing_value.ts";
import { gpuFields } from "../../src/parse/gpu/fields.ts";
import { parseSmiHeader, parseSmiRow } from "../../src/parse/gpu/smi_csv.ts";
import { smiExitReason, smiFailure, smiFieldRefused } from "../../src/parse/gpu/smi_failure.ts";
import { parseNvmeSmartLog, parseSmartctl } from "../../src/parse/nvme/smart_log.ts";
import { linkBytesPerSecond } from "../../src/model/link_rate.ts";
import { aerTotal, parseAer, parseLinkSpeed } from "../../src/parse/pcie.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";

function filesOf(folder: string, pattern: RegExp): string[] {
  if (needsShared(folder)) return [];
  return readdirSync(sharedPath(folder)).filter((f) => pattern.test(f));
}

for (const file of filesOf("fixtures/nvidia-smi-csv", /query-gpu\.csv$/)) {
  test(`nvidia-smi: ${file} is read fully, every missing value with its reason`, () => {
    const lines = sharedText(`fixtures/nvidia-smi-csv/${file}`).trim().split(/\r?\n/);
    const header = parseSmiHeader(lines[0]);
    assert.ok(header !== null);
    assert.ok(lines.length >= 2);
    for (const line of lines.slice(1)) {
      const row = parseSmiRow(line, header, file);
      assert.ok(row.name !== null);
      assert.ok(row.readings.length >= 10);
      for (const { field, unit, value, reason } of row.readings) {
        assert.equal(value === null, reason !== null, `${field}: ${value} ${reason}`);
        assert.ok(!/is no number/.test(reason ?? ""), `${field}: ${reason}`);
        if (unit === "ratio" && value !== null) assert.ok(value >= 0 && value <= 1);
      }
      const memory = row.readings.find((r) => r.field === "memory_total_bytes")!;
      assert.ok(memory.value! > 2 ** 30, "memory in bytes");
    }
  });
}

test("the spellings of a missing value are known, and values are not mistaken for them", () => {
  for (
    const text of [
      "N/A",
      "[N/A]",
      "[Not Supported]",
      "None",
      "",
      "-",
      "[Unknown Error]",
      "ERR!",
      "[GPU is lost]",
      "[GPU requires reset]",
      "[Requested functionality has been deprecated]",
      "Insufficient Permissions",
      "[Function Not Found]",
      "Not Found",
    ]
  ) {
    assert.notEqual(missingReason(text), null, text);
  }
  for (const text of ["0", "12 W", "0x0", "P0", "Enabled", "NVIDIA H100", "-8"]) {
    assert.equal(missingReason(text), null, text);
  }
});

test("values with units and without are the same", () => {
  const header = parseSmiHeader(
    "index, name, power.draw [W], memory.used [MiB], utilization.gpu [%]",
  )!;
  const [a, b] = ["0, X, 12.50 W, 10 MiB, 40 %", "0, X, 12.50, 10, 40"].map((l) =>
    parseSmiRow(l, header, "t")
  );
  assert.deepEqual(a, b);
  assert.deepEqual(a.readings.map((r) => [r.field, r.value]), [
    ["utilization_ratio", 0.4],
    ["memory_used_bytes", 10 * 2 ** 20],
    ["power_watts", 12.5],
  ]);
});

test("a message in place of values is refused, and known messages are put into one sentence", () => {
  const header = parseSmiHeader("index, name, power.draw [W]")!;
  assert.throws(() => parseSmiRow("GPU is lost", header, "nvidia-smi"), { kind: "data" });
  assert.match(
    smiFailure("Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.")!,
    /lost/,
  );
  assert.equal(smiFailure("0, NVIDIA H100, 12 W"), null);
});

for (const file of filesOf("fixtures/nvidia-smi-failures", /^(no-driver|nvml)/)) {
  test(`nvidia-smi: the failure ${file} is recognised`, () => {
    assert.notEqual(smiFailure(sharedText(`fixtures/nvidia-smi-failures/${file}`)), null);
  });
}

test("exit codes of nvidia-smi mean what its manual says, and a refused column is named", () => {
  assert.match(smiExitReason(9)!, /driver is not loaded/);
  assert.match(smiExitReason(12)!, /libnvidia-ml/);
  assert.match(smiExitReason(15)!, /lost/);
  assert.match(smiExitReason(18)!, /versions differ/);
  assert.match(smiExitReason(255)!, /does not answer/);
  assert.equal(smiExitReason(0), null);
  assert.equal(
    smiFieldRefused('Field "clocks_event_reasons.active" is not a valid field to query.'),
    "clocks_event_reasons.active",
  );
});

test("every GPU field says its unit at the end of its name, and stands once", () => {
  const endings: Readonly<Record<string, RegExp>> = {
    ratio: /_ratio$/,
    bytes: /_bytes$/,
    watts: /_watts$/,
    joules: /_joules$/,
    celsius: /_celsius$/,
    hertz: /_hertz$/,
    seconds: /_seconds$/,
    bytesPerSecond: /_bytes_per_second$/,
    flag: /_flag$/,
  };
  const fields = gpuFields();
  for (const { field, unit, type } of fields) {
    assert.match(field, endings[unit] ?? /./, `${field} is in ${unit}`);
    assert.ok(type === "counter" || type === "gauge", field);
  }
  assert.equal(new Set(fields.map((f) => f.field)).size, fields.length);
});

for (const file of filesOf("fixtures/nvme-cli", /smart-log\.json$/)) {
  test(`nvme-cli: ${file} is read, in Celsius and exact units`, () => {
    const text = sharedText(`fixtures/nvme-cli/${file}`);
    const health = parseNvmeSmartLog(text, file);
    assert.equal(health.data_units_written, JSON.parse(text).data_units_written);
    assert.ok(health.temperature_celsius! > 0 && health.temperature_celsius! < 100);
    assert.equal(health.critical_warning, 0);
  });
}

for (const file of filesOf("fixtures/smartctl-json", /\.json$/)) {
  test(`smartctl: ${file} is read, or is no NVMe drive`, () => {
    const text = sharedText(`fixtures/smartctl-json/${file}`);
    const health = parseSmartctl(text, file);
    const log = JSON.parse(text).nvme_smart_health_information_log;
    assert.equal(health === null, log === undefined);
    if (health === null) return;
    assert.equal(health.data_units_written, log.data_units_written);
    assert.equal(health.host_write_commands, log.host_writes);
    assert.equal(health.percentage_used, log.percentage_used);
    assert.equal(health.temperature_celsius, log.temperature);
  });
}

test("a smart-log with counters as strings is read as nvme-cli 2.3 printed it", () => {
  const log =
    '{"critical_warning":4,"temperature":323,"data_units_written":"132","percent_used":"1"}';
  const health = parseNvmeSmartLog(log, "t");
  assert.deepEqual(
    [health.data_units_written, health.temperature_celsius, health.critical_warning],
    [
      132,
      50,
      4,
    ],
  );
  assert.equal(health.data_units_read, null);
});

test("damaged SMART output is refused with the place", () => {
  for (const bad of ["", "Permission denied", "{", '{"a":1}', "[1]"]) {
    assert.throws(() => parseNvmeSmartLog(bad, "drive"), { kind: "data", message: /drive/ }, bad);
    assert.throws(() => parseSmartctl(bad, "drive"), { kind: "data", message: /drive/ }, bad);
  }
});

test("link speeds of every spelling, and what a link carries", () => {
  assert.equal(parseLinkSpeed("8.0 GT/s PCIe\n"), 8);
  assert.equal(parseLinkSpeed("16 GT/s"), 16);
  assert.equal(parseLinkSpeed("Unknown"), null);
  assert.ok(Math.abs(linkBytesPerSecond(16, 16)! - 31.508e9) < 1e7);
  assert.equal(linkBytesPerSecond(2.5, 1), 0.25e9);
  assert.equal(linkBytesPerSecond(7, 1), null);
});

test("AER files give their total line, or the sum of their lines", () => {
  const text = "RxErr 3\nBadTLP 0\nTOTAL_ERR_COR 3\n";
  assert.equal(aerTotal(text), 3);
  assert.equal(parseAer(text).get("RxErr"), 3);
  assert.equal(aerTotal("RxErr 1\nBadTLP 2\n"), 3);
  assert.equal(aerTotal(""), null);
});
