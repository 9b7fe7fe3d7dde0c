import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { dcgmBlank } from "../../src/parse/gpu/dcgm.ts";
import { gpuFieldIndex } from "../../src/parse/gpu/fields.ts";
import { parseSmiCsv } from "../../src/parse/gpu/smi_csv.ts";
import { quantity } from "../../src/parse/gpu/quantity.ts";
import { parseSmiDmon } from "../../src/parse/gpu/smi_dmon.ts";
import { parseSmiText } from "../../src/parse/gpu/smi_text.ts";
import { parseSmiXml } from "../../src/parse/gpu/smi_xml.ts";
import { prometheusPage } from "../../src/parse/prometheus/recording.ts";
import { parsePrometheusText } from "../../src/parse/prometheus/text.ts";
import type { CounterRecording } from "../../src/parse/reading.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";

function valuesOf(recording: CounterRecording): Map<string, number | null> {
  return new Map(
    recording.snapshots[0].readings.map((r) => [`${r.device} ${r.field}`, r.value]),
  );
}

/** Names of nvidia_gpu_exporter (an independent implementation) for what we read from the same run. */
const EXPORTER: Readonly<Record<string, string>> = {
  utilization_ratio: "utilization_gpu_ratio",
  memory_busy_ratio: "utilization_memory_ratio",
  memory_total_bytes: "memory_total_bytes",
  memory_used_bytes: "memory_used_bytes",
  memory_reserved_bytes: "memory_reserved_bytes",
  power_watts: "power_draw_watts",
  power_instant_watts: "power_draw_instant_watts",
  power_limit_watts: "enforced_power_limit_watts",
  temperature_celsius: "temperature_gpu",
  memory_temperature_celsius: "temperature_memory",
  sm_clock_hertz: "clocks_current_sm_clock_hz",
  memory_clock_hertz: "clocks_current_memory_clock_hz",
  link_generation: "pcie_link_gen_current",
  link_width_lanes: "pcie_link_width_current",
  ecc_uncorrected_errors: "ecc_errors_uncorrected_volatile_total",
  remapped_rows_failure_flag: "remapped_rows_failure",
  performance_state: "pstate",
};

test("units agree with an independent exporter on the same captures", {
  skip: needsShared("fixtures/prom-nvidia-gpu-exporter", "fixtures/nvidia-smi-csv"),
}, () => {
  const csv = readdirSync(sharedPath("fixtures/nvidia-smi-csv"));
  let compared = 0;
  for (const file of readdirSync(sharedPath("fixtures/prom-nvidia-gpu-exporter"))) {
    const stem = file.replace(/\.metrics$/, "");
    const own = csv.find((name) => name.startsWith(`${stem}__query-gpu`));
    if (own === undefined) continue;
    const ours = valuesOf(parseSmiCsv(sharedText(`fixtures/nvidia-smi-csv/${own}`), own));
    const page = parsePrometheusText(sharedText(`fixtures/prom-nvidia-gpu-exporter/${file}`));
    for (const [field, name] of Object.entries(EXPORTER)) {
      const theirs = page.samples.find((s) => s.name === `nvidia_smi_${name}`)?.value;
      const value = ours.get(`GPU-0 ${field}`);
      if (theirs === undefined) assert.equal(value ?? null, null, `${stem} ${field}`);
      else {
        assert.ok(value !== null && value !== undefined, `${stem} ${field} is unknown here`);
        assert.ok(
          Math.abs(value - theirs) <= 1e-9 * Math.abs(theirs),
          `${field} ${value} ${theirs}`,
        );
        compared++;
      }
    }
  }
  assert.ok(compared >= 40, `${compared} values were compared`);
});

test("query CSV, text and dmon of one capture give the same fields and the same reasons", {
  skip: needsShared("fixtures/nvidia-smi-captures"),
}, () => {
  const folder = sharedPath("fixtures/nvidia-smi-captures");
  for (const file of readdirSync(folder).filter((f) => f.startsWith("linux"))) {
    const text = sharedText(`fixtures/nvidia-smi-captures/${file}`);
    const section = (title: string) =>
      new RegExp(`# idle :: ${title}[^\\n]*\\n# \\$[^\\n]*\\n#+\\n([\\s\\S]*?)\\n#{40,}`).exec(text)
        ?.[1];
    const query = parseSmiText(section("query \\(-q\\)")!.trim() + "\n", file);
    const csv = parseSmiCsv(section("query-gpu")!.trim() + "\n", file);
    const a = new Map(query.snapshots[0].readings.map((r) => [`${r.device} ${r.field}`, r]));
    const b = new Map(csv.snapshots[0].readings.map((r) => [`${r.device} ${r.field}`, r]));
    // What does not change between the two commands must be equal, unknown values with their reason.
    for (
      const field of [
        "memory_total_bytes",
        "power_limit_watts",
        "sm_clock_max_hertz",
        "link_generation_max",
        "link_width_max_lanes",
        "ecc_corrected_errors",
        "ecc_lifetime_uncorrected_errors",
        "remapped_rows_correctable",
        "remapped_rows_failure_flag",
        "retired_pages_double_bit",
        "mig_mode_flag",
        "memory_temperature_celsius",
      ]
    ) {
      const [left, right] = [a.get(`GPU-0 ${field}`), b.get(`GPU-0 ${field}`)];
      assert.ok(left !== undefined && right !== undefined, `${file}: ${field}`);
      if (field === "memory_temperature_celsius" && left.value !== null) continue;
      assert.deepEqual([left.value, left.reason], [right.value, right.reason], `${file}: ${field}`);
    }
  }
});

test("XML: elements are found by what is there, MIG instances and processes are devices", () => {
  const xml = `<?xml version="1.0"?>
<nvidia_smi_log><attached_gpus>4</attached_gpus><gpu id="00000000:01:00.0">
<clocks_event_reasons>N/A</clocks_event_reasons>
<mig_mode><current_mig>Enabled</current_mig></mig_mode>
<mig_devices><mig_device><index>3</index><fb_memory_usage><total>20096 MiB</total><used>19 MiB</used></fb_memory_usage></mig_device></mig_devices>
<utilization><gpu_util>N/A</gpu_util><memory_util> 40 % </memory_util></utilization>
<ecc_errors><volatile><sram_correctable>1</sram_correctable><dram_correctable>2</dram_correctable>
<sram_uncorrectable_parity>1</sram_uncorrectable_parity><sram_uncorrectable_secded>2</sram_uncorrectable_secded><dram_uncorrectable>4</dram_uncorrectable></volatile></ecc_errors>
<gpu_power_readings><power_state>Requested functionality has been deprecated</power_state><average_power_draw>77.02 W</average_power_draw><instant_power_draw>N/A</instant_power_draw></gpu_power_readings>
<pci><pci_gpu_link_info><link_widths><current_link_width>8x</current_link_width></link_widths></pci_gpu_link_info><rx_util>359 KB/s</rx_util></pci>
<power_smoothing>Insufficient Permissions</power_smoothing>
<processes><process_info><pid>77</pid><process_name>a &lt;b&gt;</process_name><used_memory>12 MiB</used_memory></process_info></processes>
</gpu></nvidia_smi_log>`;
  const recording = parseSmiXml(xml, "t");
  const readings = new Map(
    recording.snapshots[0].readings.map((r) => [`${r.device} ${r.field}`, r]),
  );
  const value = (name: string) => readings.get(name)?.value;
  assert.equal(readings.get("GPU-0 utilization_ratio")!.reason, "not available on this GPU");
  assert.equal(value("GPU-0 memory_busy_ratio"), 0.4);
  assert.equal(value("GPU-0 ecc_corrected_errors"), 3);
  assert.equal(value("GPU-0 ecc_uncorrected_errors"), 7);
  assert.equal(value("GPU-0 power_watts"), 77.02);
  assert.equal(value("GPU-0 link_width_lanes"), 8);
  assert.equal(value("GPU-0 pcie_rx_bytes_per_second"), 359e3);
  assert.equal(value("GPU-0/MIG-3 memory_total_bytes"), 20096 * 2 ** 20);
  assert.equal(value("GPU-0/pid-77 memory_used_bytes"), 12 * 2 ** 20);
  assert.equal(value("GPU-0 processes"), 1);
  assert.equal(
    readings.get("GPU-0 clock_event_hw_slowdown_flag")!.reason,
    "not available on this GPU",
  );
  assert.match(recording.notes.join(), /says 4 attached GPUs and describes 1/);
  assert.throws(() => parseSmiXml(xml.slice(0, 600), "t"), /cut short|opened in line/);
  assert.throws(() => parseSmiXml("No devices were found\n", "t"), { message: /no NVIDIA GPU/ });
  assert.equal(parseSmiXml(xml + xml, "t").snapshots.length, 2, "a loop prints documents in a row");
});

test("dmon: columns follow the header wherever it is printed, and unknown ones are named", () => {
  const text =
    "# gpu    sm  rxpci  txpci  novel\n# Idx     %   MB/s   MB/s   x\n    0    97    120      3      5\n" +
    "# gpu    pwr\n# Idx      W\n    0    100\n";
  const recording = parseSmiDmon(text, "t");
  assert.equal(recording.snapshots.length, 2);
  const first = new Map(recording.snapshots[0].readings.map((r) => [r.field, r.value]));
  assert.equal(first.get("utilization_ratio"), 0.97);
  assert.equal(first.get("pcie_rx_bytes_per_second"), 120e6);
  assert.match(recording.notes.join(), /not known were dropped: novel/);
  assert.throws(() => parseSmiDmon("# gpu sm\n# Idx %\nGPU is lost\n", "t"), /does not fit/);
  const timed =
    "#Date       Time        gpu     sm\n#YYYYMMDD   HH:MM:SS    Idx      %\n 20260703   22:11:09      0     50\n 20260703   22:11:10      0     60\n";
  const [a, b] = parseSmiDmon(timed, "t").snapshots;
  assert.equal(b.unixMs! - a.unixMs!, 1000);
});

test("DCGM: units become ours, blank values become null with their reason", () => {
  const page = `# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-x",pod="p"} 1024
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-x",pod="q"} 1024
DCGM_FI_DEV_GPU_UTIL{gpu="1",GPU_I_ID="3"} 80
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="1"} 128996013
DCGM_FI_PROF_SM_ACTIVE{gpu="1"} 0.75
DCGM_FI_DEV_MEMORY_TEMP{gpu="1"} 9223372036854775794
DCGM_FI_DEV_GPU_TEMP{gpu="1"} 9.223372036854776e+18
up 1
`;
  const readings = new Map(
    prometheusPage(page, "t").snapshots[0].readings.map((r) => [`${r.device} ${r.field}`, r]),
  );
  assert.equal(readings.get("GPU-1 memory_used_bytes")!.value, 2 ** 30);
  assert.equal(readings.get("GPU-1/MIG-3 utilization_ratio")!.value, 0.8);
  assert.equal(readings.get("GPU-1 energy_joules")!.value, 128996.013);
  assert.equal(readings.get("GPU-1 sm_active_ratio")!.value, 0.75);
  assert.equal(
    readings.get("GPU-1 memory_temperature_celsius")!.reason,
    "not supported on this GPU",
  );
  assert.equal(readings.get("GPU-1 temperature_celsius")!.value, null);
  assert.equal(readings.get(" up")!.value, 1);
  assert.equal(dcgmBlank("2147483632"), "DCGM has no value yet");
  assert.equal(dcgmBlank("2147483631"), null);
  for (const { device, field } of readings.values()) {
    if (device.startsWith("GPU")) assert.ok(gpuFieldIndex().has(field), field);
  }
});

test("Prometheus text: escapes, exemplars, and the place of what is wrong", () => {
  const page = parsePrometheusText(
    'a_total{x="1\\"2\\\\3\\n",y="z"} 1e3 1700000000000\n# comment\n# TYPE b gauge\nb NaN\nb_inf +Inf # {t="1"} 5\n',
  );
  assert.equal(page.samples[0].labels.x, '1"2\\3\n');
  assert.equal(page.samples[0].timestampMs, 1700000000000);
  assert.ok(Number.isNaN(page.samples[1].value));
  assert.equal(page.samples[2].value, Infinity);
  for (
    const [bad, column] of [['a{x="1} 2', 5], ["a{x=1} 2", 5], ["a b", 3], ["5 6", 1]] as const
  ) {
    assert.throws(
      () => parsePrometheusText(`ok 1\n${bad}\n`),
      (error: Error & { line: number; column: number }) => {
        assert.equal(error.line, 2, bad);
        assert.ok(error.column >= column, `${bad}: ${error.column}`);
        return true;
      },
    );
  }
});

test("a warning beside values (a damaged infoROM, exit code 14) is a note, and no value is lost", () => {
  const warning = "WARNING: infoROM is corrupted at gpu 0000:00:1E.0";
  const csv =
    "index, name, power.draw [W], memory.total [MiB]\n0, A, 71.50 W, 1 TiB\n1, B, ERR!, 8 MiB\n";
  for (const text of [`${csv}${warning}\n`, csv]) {
    const { snapshots, notes } = parseSmiCsv(text, "x");
    assert.equal(snapshots[0].readings.find((r) => r.field === "power_watts")?.value, 71.5);
    assert.equal(snapshots[0].readings.find((r) => r.unit === "bytes")?.value, 2 ** 40);
    assert.equal(/infoROM is corrupted/.test(notes.join()), text.includes("WARNING"));
  }
  const dmon = parseSmiDmon(
    `# gpu   pwr\n# Idx     W\n    0    70\n${warning}\r\n    0    71\n`,
    "x",
  );
  assert.equal(dmon.snapshots.length, 2);
  assert.match(dmon.notes[0], /infoROM is corrupted at gpu 0000:00:1E\.0$/);
  const xml =
    `<?xml version="1.0" ?>\n<nvidia_smi_log><attached_gpus>1</attached_gpus><gpu id="0">` +
    `<utilization><gpu_util>29 %</gpu_util></utilization></gpu></nvidia_smi_log>\n${warning}\n`;
  const read = parseSmiXml(xml, "x");
  assert.equal(valuesOf(read).get("GPU-0 utilization_ratio"), 0.29);
  assert.match(read.notes.join(), /infoROM is corrupted/);
});

test("all bits set in a driver's answer are no value, in whatever unit they are printed", () => {
  const cells = ["17592186044415 MiB", "18446744073709551615", "4294967295 %", "-1.8e19 W"];
  for (const cell of cells) {
    const { value, reason } = quantity(cell, "MiB");
    assert.equal(value, null, cell);
    assert.match(reason!, /the driver has no value/);
  }
  assert.equal(quantity("4294967296 MiB", "MiB").value, 2 ** 52);
  assert.equal(quantity("42949672950", "mJ").value, 42_949_672.95);
});

test("blank lines before the header of a query are no reason to refuse it", () => {
  const csv = "\r\n\r\nindex, utilization.gpu [%]\r\n0, 40 %\r\n0, bad %\r\n";
  const { snapshots } = parseSmiCsv(csv, "x");
  assert.deepEqual(snapshots.map((s) => s.readings[0].value), [0.4, null]);
  assert.throws(() => parseSmiCsv("\n\nindex, utilization.gpu [%]\n0, 1 %, 2 %\n", "x"), /x:4: /);
  const apps = "\npid, used_memory [MiB], process_name\n7, 10 MiB, a, b\n";
  assert.equal(parseSmiCsv(apps, "x").snapshots[0].readings.length, 2);
});

/** Rounds of a query in loop mode, one second apart; rows of a round follow within milliseconds. */
function loopRows(gpus: number, rounds: number, row: (gpu: number, round: number) => string) {
  return Array.from(
    { length: gpus * rounds },
    (_, i) => {
      const [round, gpu] = [Math.floor(i / gpus), i % gpus];
      const second = String(10 + round).padStart(2, "0");
      return `2026/07/03 22:11:${second}.${String(100 + 7 * gpu)}, ${row(gpu, round)}`;
    },
  );
}

test("a query without an index tells GPUs and rounds apart, by identity or by time", () => {
  for (const gpus of [1, 2, 16]) {
    const power = (gpu: number, round: number) => 100 * (gpu + 1) + round;
    const timed = parseSmiCsv(
      [
        "timestamp, name, power.draw [W]",
        ...loopRows(gpus, 5, (g, r) => `NVIDIA A100, ${power(g, r)} W`),
      ].join("\n"),
      "timed.csv",
    );
    const named = parseSmiCsv(
      [
        "timestamp, uuid, power.draw [W]",
        ...loopRows(gpus, 5, (g, r) => `GPU-abc${g}, ${power(g, r)} W`),
      ].join("\n"),
      "named.csv",
    );
    for (const { snapshots } of [timed, named]) {
      assert.equal(snapshots.length, 5, `${gpus} GPUs`);
      snapshots.forEach(({ readings }, round) => {
        assert.deepEqual(
          readings.map((r) => [r.device, r.value]),
          Array.from({ length: gpus }, (_, g) => [`GPU-${g}`, power(g, round)]),
        );
      });
    }
  }
});

test("rows that name neither GPU nor time are one round of a machine, or refused", () => {
  const rows = (n: number) =>
    ["name, power.draw [W]", ...Array.from({ length: n }, (_, i) => `A, ${i} W`)].join("\n");
  assert.equal(parseSmiCsv(rows(8), "x.csv").snapshots.length, 1);
  assert.throws(() => parseSmiCsv(rows(40), "x.csv"), /40 rows name neither their GPU nor their/);
});

test("a second header with other columns holds for the rows below it", () => {
  const { snapshots } = parseSmiCsv(
    "index, power.draw [W], temperature.gpu\n0, 100 W, 40\n" +
      "index, temperature.gpu, power.draw [W]\n0, 41, 101 W\n",
    "twice.csv",
  );
  const power = snapshots.map((s) => s.readings.find((r) => r.field === "power_watts")?.value);
  assert.deepEqual(power, [100, 101]);
});
