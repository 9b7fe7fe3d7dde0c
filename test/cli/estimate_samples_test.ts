import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { near } from "../estimate/near.ts";
import { spillway } from "../spillway.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "spillway-samples-"));
after(() => rmSync(FOLDER, { recursive: true, force: true }));
const STORE = join(FOLDER, "s.duckdb");
const SITE = ["--site", "aws-us-east-1", "--hardware", "h100_sxm", "--store", STORE];

/** A counter or gauge of Prometheus, every 15 s over 10 min. */
function series(labels: Record<string, string>, at: (i: number) => number) {
  return {
    metric: labels,
    values: Array.from({ length: 41 }, (_, i) => [1_764_000_000 + 15 * i, String(at(i))]),
  };
}

function history(all: unknown[]): string {
  return JSON.stringify({ status: "success", data: { resultType: "matrix", result: all } });
}

function gpu(host: string, name: string, at: (i: number) => number) {
  return series({ __name__: name, gpu: "0", Hostname: host, modelName: "NVIDIA H100" }, at);
}

const FLEET = history([
  gpu("a", "DCGM_FI_DEV_POWER_USAGE", () => 300),
  gpu("a", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", (i) => 5e9 + 300_000 * 15 * i),
  gpu("b", "DCGM_FI_DEV_POWER_USAGE", () => 500),
  gpu("b", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", (i) => 1e6 + 500_000 * 15 * i),
  series({ __name__: "vllm:prompt_tokens_total", instance: "a:8000" }, (i) => 7 + 3000 * i),
  series({ __name__: "vllm:generation_tokens_total", instance: "a:8000" }, (i) => 9 + 1000 * i),
  series({ __name__: "vllm:request_success_total", instance: "a:8000", finished_reason: "stop" }, (
    i,
  ) => 10 * i),
  series({ __name__: "node_disk_written_bytes_total", device: "nvme0n1", instance: "a:9100" }, (
    i,
  ) => 1e9 * i),
  series({ __name__: "node_disk_writes_completed_total", device: "nvme0n1", instance: "a:9100" }, (
    i,
  ) => 1000 * i),
]);

function estimate(what: string, ...flags: string[]) {
  const done = spillway(["estimate", what, ...SITE, "--json", ...flags]);
  assert.equal(done.code, 0, done.stderr);
  return JSON.parse(done.stdout);
}

test("the history of a Prometheus is priced: GPUs of two machines apart, tokens, disks", () => {
  const file = join(FOLDER, "fleet.json");
  writeFileSync(file, FLEET);
  assert.equal(spillway(["import", file, "--name", "fleet", "--store", STORE]).code, 0);
  const document = estimate("fleet");
  assert.equal(document.subject.kind, "trace");
  const m = document.results[0].metrics;
  near(m.energy_gpu_joules.value, (300 + 500) * 600);
  assert.equal(m.energy_gpu_joules.evidence, "measured");
  near(m.energy_host_joules.value, 599 * 2 * 600 / 8);
  near(m.kilo_input_token_joules.value, m.energy_joules.value / 120);
  near(m.kilo_output_token_joules.value, m.energy_joules.value / 40);
  near(m.request_joules.value, m.energy_joules.value / 400);
  // The drives of the profile are rated for 3 writes a day over 5 years.
  near(m.ssd_wear_grams_co2e.value, 40 / 5475 * 55);
});

test("a trace of requests, a replay that only counts hits and empty samples say what to run", () => {
  const lines = Array.from(
    { length: 20 },
    (_, i) =>
      JSON.stringify({
        timestamp: i * 100,
        input_length: 512,
        output_length: 8,
        hash_ids: [i % 3],
      }),
  );
  const file = join(FOLDER, "chat.jsonl");
  writeFileSync(file, lines.join("\n") + "\n");
  assert.equal(spillway(["import", file, "--name", "chat", "--store", STORE]).code, 0);
  const chat = spillway(["estimate", "chat", ...SITE]);
  assert.equal(chat.code, 4);
  assert.match(chat.stderr, /spillway replay offload chat --save NAME/);
  const cache = ["replay", "cache", "chat", "--eviction", "lru", "--capacity", "2"];
  assert.equal(spillway([...cache, "--save", "hits", "--store", STORE]).code, 0);
  const hits = spillway(["estimate", "hits", ...SITE]);
  assert.equal(hits.code, 4);
  assert.match(
    hits.stderr,
    /counts hits and knows no machine.*spillway replay offload t\d+ --save/,
  );
  const idle = join(FOLDER, "idle.json");
  writeFileSync(idle, history([series({ __name__: "up", instance: "a:1" }, () => 1)]));
  assert.equal(spillway(["import", idle, "--name", "idle", "--store", STORE]).code, 0);
  const none = spillway(["estimate", "idle", ...SITE]);
  assert.equal(none.code, 4);
  assert.match(none.stderr, /name no GPU, CPU, disk or energy/);
});

test("one SMART reading is priced as the drive's life until then", () => {
  const log = {
    json_format_version: [1, 0],
    smartctl: { version: [7, 4] },
    device: { name: "/dev/nvme0", type: "nvme", protocol: "NVMe" },
    model_name: "a drive",
    nvme_smart_health_information_log: {
      critical_warning: 0,
      temperature: 40,
      available_spare: 100,
      percentage_used: 3,
      data_units_read: 1000,
      data_units_written: 2_000_000_000,
      host_reads: 10,
      host_writes: 10,
      power_on_hours: 10_000,
      unsafe_shutdowns: 0,
      media_errors: 0,
    },
  };
  const file = join(FOLDER, "smart.json");
  writeFileSync(file, JSON.stringify(log));
  const imported = spillway(["import", file, "--name", "smart", "--store", STORE]);
  assert.equal(imported.code, 0, imported.stderr);
  const factors = ["drives.tbw_bytes=14016e12", "drives.capacity_bytes=7.68e12", "life.years=5"];
  const m = estimate("smart", ...factors.flatMap((f) => ["--factor", f])).results[0].metrics;
  // 1024 TB in 10 000 h: 136 875 h would be left by writes, so the life of 43 800 h binds.
  near(m.ssd_written_bytes.value, 1024e12);
  near(m.ssd_wear_ratio.value, 1024 / 14_016);
  near(m.ssd_left_days.value, (14_016 - 1024) / (1024 / 10_000) / 24);
  near(m.storage_embodied_grams_co2e.value, 55 * 7680 * 10_000 / 43_800);
  near(m.ssd_wear_grams_co2e.value, 55 * 7680 * 1024 / 14_016);
});
