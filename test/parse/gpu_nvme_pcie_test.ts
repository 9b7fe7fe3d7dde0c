import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { missingReason } from "../../src/parse/missing_value.ts";
import {
  parseSmiHeader,
  parseSmiRow,
  SMI_FIELDS,
  smiFailure,
} from "../../src/parse/nvidia_smi_csv.ts";
import { parseNvmeSmartLog, parseSmartctl } from "../../src/parse/nvme_smart.ts";
import { aerTotal, linkBytesPerSecond, parseAer, parseLinkSpeed } from "../../src/parse/pcie.ts";
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
      for (const { definition, value, reason } of row.readings) {
        assert.equal(value === null, reason !== null, `${definition.field}: ${value} ${reason}`);
        assert.ok(!/is no number/.test(reason ?? ""), `${definition.field}: ${reason}`);
        if (definition.unit === "ratio" && value !== null) assert.ok(value >= 0 && value <= 1);
      }
      const memory = row.readings.find((r) => r.definition.field === "memory_total_bytes")!;
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
  assert.deepEqual(a.readings.map((r) => r.value), [12.5, 10 * 2 ** 20, 0.4]);
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

test("every sampled field says its unit at the end of its name", () => {
  for (const { field, unit } of Object.values(SMI_FIELDS)) {
    assert.match(
      field,
      /_(ratio|bytes|watts|celsius|hertz|lanes|errors|generation|max)$/,
      `${field} ${unit}`,
    );
  }
});

for (const file of filesOf("fixtures/nvme-cli", /smart-log\.json$/)) {
  test(`nvme-cli: ${file} is read, in Celsius and exact units`, () => {
    const text = sharedText(`fixtures/nvme-cli/${file}`);
    const health = parseNvmeSmartLog(text, file);
    assert.equal(health.dataUnitsWritten, JSON.parse(text).data_units_written);
    assert.ok(health.temperatureCelsius! > 0 && health.temperatureCelsius! < 100);
    assert.equal(health.criticalWarning, 0);
  });
}

for (const file of filesOf("fixtures/smartctl-json", /\.json$/)) {
  test(`smartctl: ${file} is read, or is no NVMe drive`, () => {
    const text = sharedText(`fixtures/smartctl-json/${file}`);
    const health = parseSmartctl(text, file);
    const log = JSON.parse(text).nvme_smart_health_information_log;
    assert.equal(health === null, log === undefined);
    if (health === null) return;
    assert.equal(health.dataUnitsWritten, log.data_units_written);
    assert.equal(health.hostWriteCommands, log.host_writes);
    assert.equal(health.percentageUsed, log.percentage_used);
    assert.equal(health.temperatureCelsius, log.temperature);
  });
}

test("a smart-log with counters as strings is read as nvme-cli 2.3 printed it", () => {
  const log =
    '{"critical_warning":4,"temperature":323,"data_units_written":"132","percent_used":"1"}';
  const health = parseNvmeSmartLog(log, "t");
  assert.deepEqual([health.dataUnitsWritten, health.temperatureCelsius, health.criticalWarning], [
    132,
    50,
    4,
  ]);
  assert.equal(health.dataUnitsRead, null);
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
