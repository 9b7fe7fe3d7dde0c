import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { source as nvidiaSmi } from "../../src/collect/sources/nvidia_smi.ts";
import { source as pcie } from "../../src/collect/sources/pcie.ts";
import { collector, sourceContext as context } from "./collector.ts";
import { until } from "./zmq_publisher.ts";

/** Runs with a program called nvidia-smi in front of the PATH. */
async function withSmi(script: string, body: () => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-smi-"));
  const path = process.env.PATH;
  try {
    const program = join(folder, "nvidia-smi");
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    process.env.PATH = `${folder}:${path}`;
    await body();
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEADER = "index, name, power.draw [W], utilization.gpu [%]";
const ROWS = (watts: number) => `echo '0, GPU A, ${watts} W, 50 %'; echo '1, GPU B, [N/A], [N/A]';`;

test("nvidia-smi runs as one long-lived child whose lines become samples", async () => {
  const loop = `echo '${HEADER}'; ${ROWS(100)}
case "$*" in *loop-ms*) i=0; while [ $i -lt 5000 ]; do sleep 0.05; ${
    ROWS(250)
  } i=$((i+1)); done;; esac`;
  await withSmi(loop, async () => {
    const ctx = context("");
    const found = await nvidiaSmi.probe(ctx);
    assert.equal(found.status, "ok");
    assert.deepEqual(found.devices, ["GPU-0 GPU A", "GPU-1 GPU B"]);
    const opened = await nvidiaSmi.open(ctx);
    const { sink, last, pushed } = collector();
    try {
      await until(async () => {
        await opened.sample(sink);
        return pushed.filter((p) => p.name === "GPU-0 power_watts" && p.value === 250).length >= 2;
      }, "two rounds of the loop");
      assert.equal(last("GPU-0 power_watts")?.value, 250);
      assert.equal(last("GPU-0 utilization_ratio")?.value, 0.5);
      assert.equal(last("GPU-1 power_watts")?.value, null);
      assert.equal(last("GPU-1 power_watts")?.reason, "not available on this GPU");
      assert.ok(pushed.filter((p) => p.name === "GPU-0 power_watts").length >= 3);
      assert.equal(opened.failure(), null);
    } finally {
      await opened.close();
    }
  });
});

test("a GPU that is lost in mid-run makes the source partial, with nulls and the reason", async () => {
  const lost = `echo '${HEADER}'; ${
    ROWS(100)
  } echo 'Unable to determine the device handle for GPU 0: GPU is lost.'; exit 15`;
  await withSmi(lost, async () => {
    const opened = await nvidiaSmi.open(context(""));
    const { sink, last } = collector();
    try {
      await until(async () => {
        await opened.sample(sink);
        return opened.failure() !== null;
      }, "the end of the tool");
      assert.match(opened.failure()!, /lost/);
      assert.equal(last("GPU-0 power_watts")?.value, null);
      assert.match(last("GPU-0 power_watts")!.reason!, /lost/);
    } finally {
      await opened.close();
    }
  });
});

test("PCIe throughput is measured again after its child ended", async () => {
  const state = mkdtempSync(join(tmpdir(), "spillway-dmon-"));
  const script = `case "$*" in
*dmon*) if [ -e ${state}/once ]; then rate=34; else rate=12; touch ${state}/once; fi
  printf "# gpu  rxpci  txpci\\n# Idx   MB/s   MB/s\\n    0     $rate     1\\n"
  if [ $rate = 34 ]; then exec sleep 60; fi; exit 9;;
*loop-ms*) echo '${HEADER}'; ${ROWS(100)} exec sleep 60;;
*"-q -x"*) exit 1;;
*) echo '${HEADER}'; ${ROWS(100)} ;;
esac`;
  try {
    await withSmi(script, async () => {
      const opened = await nvidiaSmi.open(context(""));
      const { sink, pushed } = collector();
      const rates = () =>
        pushed.filter((p) => p.name === "GPU-0 pcie_rx_bytes_per_second").map((p) => p.value);
      try {
        await until(async () => {
          await opened.sample(sink);
          return rates().includes(34e6);
        }, "the second child's row");
        assert.equal(rates()[0], 12e6);
      } finally {
        await opened.close();
      }
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test("a tool without a driver is absent, with its own words in one sentence", async () => {
  const words =
    'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9';
  await withSmi(words, async () => {
    const found = await nvidiaSmi.probe(context(""));
    assert.equal(found.status, "absent");
    assert.equal(found.reason, "the NVIDIA driver is not loaded");
  });
});

test("a damaged infoROM (exit code 14 and a warning below the values) keeps no GPU from being read", async () => {
  const rows = `echo '${HEADER}'; ${
    ROWS(100)
  } echo 'WARNING: infoROM is corrupted at gpu 0000:00:1E.0'`;
  await withSmi(`${rows}; exit 14`, async () => {
    const found = await nvidiaSmi.probe(context(""));
    assert.equal(found.status, "ok");
    assert.equal(found.devices.length, 2);
    assert.match(found.reason!, /infoROM is corrupted/);
  });
});

function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "spillway-sys-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

test("a link below its maximum is named as downgraded, and its rates are read", async () => {
  const at = "sys/bus/pci/devices/0000:01:00.0";
  const root = tree({
    [`${at}/class`]: "0x010802\n",
    [`${at}/current_link_speed`]: "2.5 GT/s PCIe\n",
    [`${at}/max_link_speed`]: "8.0 GT/s PCIe\n",
    [`${at}/current_link_width`]: "1\n",
    [`${at}/max_link_width`]: "2\n",
    [`${at}/aer_dev_correctable`]: "RxErr 3\nTOTAL_ERR_COR 3\n",
    "sys/bus/pci/devices/0000:00:1f.0/class": "0x060100\n",
  });
  try {
    const found = await pcie.probe(context(root));
    assert.equal(found.status, "ok");
    assert.match(found.reason!, /downgraded.*0000:01:00\.0/);
    const opened = await pcie.open(context(root));
    const { sink, last } = collector();
    await opened.sample(sink);
    assert.equal(last("0000:01:00.0 link_bytes_per_second")?.value, 0.25e9);
    assert.equal(last("0000:01:00.0 aer_correctable_errors")?.value, 3);
    await opened.close();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("devices without a link are absent with the reason", async () => {
  const root = tree({ "sys/bus/pci/devices/0000:00:04.0/class": "0x010000\n" });
  try {
    const found = await pcie.probe(context(root));
    assert.equal(found.status, "absent");
    assert.match(found.reason!, /no PCIe link/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
