import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeEnduranceLog,
  decodeHealthLog,
  decodeOcpLog,
} from "../../src/parse/nvme/log_page.ts";
import { parseEnduranceLog, parseOcpLog } from "../../src/parse/nvme/media.ts";
import { parseNvmeList } from "../../src/parse/nvme/list.ts";
import { smartctlRecording, warningNotes } from "../../src/parse/nvme/recording.ts";
import {
  parseNvmeSmartLog,
  readSmartctl,
  smartctlProblems,
} from "../../src/parse/nvme/smart_log.ts";
import { parseSmartctlText } from "../../src/parse/nvme/smartctl_text.ts";
import { needsShared, sharedText } from "../shared.ts";

function page(fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(512);
  fill(new DataView(bytes.buffer), bytes);
  return bytes;
}

test("a health log page is decoded by the offsets of the specification", () => {
  const health = decodeHealthLog(page((view) => {
    view.setUint8(0, 0b101);
    view.setUint16(1, 323, true);
    view.setUint8(3, 98);
    view.setUint8(4, 10);
    view.setUint8(5, 130);
    view.setBigUint64(48, 132n, true);
    view.setBigUint64(56, 1n, true);
    view.setBigUint64(96, 7n, true);
    view.setUint32(192, 3, true);
    view.setUint16(202, 330, true);
  }));
  assert.equal(health.temperature_celsius, 50);
  assert.equal(health.available_spare_ratio, 0.98);
  assert.equal(health.percentage_used, 130, "wear may pass 100 %");
  assert.equal(health.data_units_written, 2 ** 64 + 132, "16 bytes, not 8");
  assert.equal(health.controller_busy_seconds, 420);
  assert.equal(health.warning_temperature_seconds, 180);
  assert.equal(health.temperature_sensor_2_celsius, 57);
  assert.equal("temperature_sensor_1_celsius" in health, false, "zero kelvin is no sensor");
  assert.deepEqual(warningNotes(health), [
    "critical warning: spare blocks are below the threshold",
    "critical warning: reliability is degraded by media or internal errors",
  ]);
  assert.throws(() => decodeHealthLog(new Uint8Array(100)), { kind: "data" });
});

test("the OCP log is believed only under its identifier, and counts bytes", () => {
  const guid = [
    0xc5,
    0xaf,
    0x10,
    0x28,
    0xea,
    0xbf,
    0xf2,
    0xa4,
    0x9c,
    0x4f,
    0x6f,
    0x7c,
    0xc9,
    0x14,
    0xd5,
    0xaf,
  ];
  const bytes = page((view, all) => {
    view.setBigUint64(0, 1_234_567_890_123n, true);
    view.setUint32(88, 41, true);
    all.set(guid, 496);
  });
  assert.equal(decodeOcpLog(bytes)!.mediaWrittenBytes, 1_234_567_890_123);
  assert.equal(decodeOcpLog(bytes)!.eraseCountMax, 41);
  bytes[500] ^= 1;
  assert.equal(decodeOcpLog(bytes), null, "a maker's own log C0h");
});

test("an endurance-group log counts billions of bytes, and zero means that nobody counts", () => {
  const bytes = page((view) => view.setBigUint64(80, 25n, true));
  assert.equal(decodeEnduranceLog(bytes)!.mediaWrittenBytes, 25e9);
  assert.equal(decodeEnduranceLog(new Uint8Array(512)), null);
  assert.equal(parseEnduranceLog('{"media_units_written":"25"}', "t").mediaWrittenBytes, 25e9);
  assert.throws(() => parseEnduranceLog("{}", "t"), { kind: "data" });
});

test("the OCP log as nvme-cli prints it, with its 128-bit objects", () => {
  const media = parseOcpLog(
    '{"Physical media units written":{"hi":0,"lo":5000000000},"Physical media units read":{"hi":1,"lo":0},' +
      '"Max User data erase counts":12,"PCIe correctable error count":"3"}',
    "t",
  );
  assert.equal(media.mediaWrittenBytes, 5e9);
  assert.equal(media.mediaReadBytes, 2 ** 64);
  assert.equal(media.eraseCountMax, 12);
  assert.equal(media.pcieCorrectableErrors, 3);
});

test("smart-logs of every spelling: object of bits, strings, floats, Celsius by mistake", () => {
  const bits = parseNvmeSmartLog(
    '{"critical_warning":{"available_spare":1,"temp_threshold":0,"ro":1},"temperature":"323.0",' +
      '"data_units_written":"1234567.0","avail_spare":"100","temperature_sensor_1":320}',
    "t",
  );
  assert.equal(bits.critical_warning, 1 + 8);
  assert.equal(bits.temperature_celsius, 50);
  assert.equal(bits.data_units_written, 1234567);
  assert.equal(bits.available_spare_ratio, 1);
  assert.equal(bits.temperature_sensor_1_celsius, 47);
  assert.equal(bits.host_read_commands, null);
  const celsius = parseNvmeSmartLog('{"temperature":41,"data_units_written":1}', "t");
  assert.equal(celsius.temperature_celsius, 41);
});

test("smartctl's exit status is a mask of bits: a failing drive still gives its data", () => {
  assert.deepEqual(smartctlProblems(0), []);
  assert.equal(smartctlProblems(0b1010).length, 2);
  const failing = '{"json_format_version":[1,0],"smartctl":{"exit_status":8},' +
    '"device":{"name":"/dev/nvme0"},"nvme_smart_health_information_log":{"temperature":71,"data_units_written":5,"critical_warning":4}}';
  const read = readSmartctl(failing, "t");
  assert.equal(read.health!.data_units_written, 5);
  assert.equal(read.health!.temperature_celsius, 71, "smartctl prints Celsius");
  assert.match(read.problems[0], /failing/);
  const notes = smartctlRecording(failing, "t").notes;
  assert.ok(notes.some((n) => /says it is failing/.test(n)));
  const closed =
    '{"json_format_version":[1,0],"smartctl":{"exit_status":2,"messages":[{"string":"Permission denied"}]}}';
  assert.equal(readSmartctl(closed, "t").health, null);
  assert.throws(() => smartctlRecording(closed, "t"), {
    kind: "data",
    message: /could not be opened; Permission denied/,
  });
});

test(
  "both shapes of nvme list name the same drives",
  { skip: needsShared("fixtures/nvme-cli") },
  () => {
    const flat = parseNvmeList(sharedText("fixtures/nvme-cli/netdata-v2.3-nvme-list.json"), "flat");
    const tree = parseNvmeList(
      sharedText("fixtures/nvme-cli/netdata-v2.11-nvme-list.json"),
      "tree",
    );
    assert.deepEqual(flat.map((n) => n.device), ["nvme0n1", "nvme1n1"]);
    assert.deepEqual(tree.map((n) => n.device), ["nvme0n1", "nvme1n1", "nvme2n1"]);
    assert.equal(flat[0].model, tree[0].model);
    assert.equal(tree[1].address, "0000:81:00.0");
    assert.throws(() => parseNvmeList("", "t"), { kind: "data" });
    assert.throws(() => parseNvmeList('{"Devices":[]}', "t"), { kind: "data" });
  },
);

test("smartctl for people gives what its JSON gives, and power states", {
  skip: needsShared("fixtures/smartctl-text"),
}, () => {
  const read = (name: string) =>
    parseSmartctlText(sharedText(`fixtures/smartctl-text/${name}`), name);
  const data = read("pcp-005-nvme0n1.data.txt");
  assert.equal(data.health!.data_units_written, 27171538);
  assert.equal(data.health!.temperature_celsius, 36);
  assert.equal(data.health!.available_spare_ratio, 1);
  assert.equal(data.health!.warning_temperature_seconds, 6060);
  assert.equal(data.health!.temperature_sensor_2_celsius, 46);
  assert.deepEqual(read("pcp-005-nvme0n1.power.txt").powerStates, [5.24, 4.49, 2.19, 0.05, 0.005]);
  assert.equal(read("pcp-005-nvme0n1.error.txt").errorEntries, 4);
  assert.equal(read("pcp-005-nvme0n1.info.txt").capacityBytes, 500107862016);
});
