import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pcmProblem } from "../../src/collect/pcm/pcm_source.ts";
import { source as iio } from "../../src/collect/sources/pcm_iio.ts";
import { source as pcie } from "../../src/collect/sources/pcm_pcie.ts";
import { collector, sourceContext } from "./collector.ts";
import { until } from "./zmq_publisher.ts";

/** Runs with a program of this name in front of the PATH: it prints what the tool prints on a server. */
async function withTool(name: string, script: string, body: () => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-pcm-"));
  const path = process.env.PATH;
  try {
    const program = join(folder, name);
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    process.env.PATH = `${folder}:${path}`;
    await body();
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEADER = "Skt,PCIeRdCur,RFO,CRd,DRd,ItoM,PRd,WiL,PCIe Rd (B),PCIe Wr (B)";

test("pcm-pcie runs as one child; its samples of a second are rates, its sum row is left out", async () => {
  const script = `echo 'Update every 1 seconds' >&2
echo '${HEADER}'; echo '0,10,0,0,0,48,0,0,640,3072'; echo '1,5,0,0,0,0,0,0,320,0'; echo '*,15,0,0,0,48,0,0,960,3072'
case "$*" in *-i=1*) exit 0;; esac
while :; do sleep 0.1; echo '${HEADER}'; echo '0,20,0,0,0,48,0,0,1280,3072'; echo '1,-,0,0,0,0,0,0,none,0'; done`;
  await withTool("pcm-pcie", script, async () => {
    const context = sourceContext("");
    const found = await pcie.probe(context);
    assert.equal(found.status, "ok");
    assert.deepEqual(found.devices, ["socket-0", "socket-1"]);
    const opened = await pcie.open(context);
    const { sink, last } = collector();
    try {
      await until(() => {
        void opened.sample(sink);
        return last("socket-0 read_bytes_per_second")?.value === 1280;
      }, "a second sample");
      assert.equal(last("socket-0 write_bytes_per_second")?.value, 3072);
      assert.equal(last("socket-0 itom_transfers_per_second")?.value, 48);
      await until(() => {
        void opened.sample(sink);
        return last("socket-1 read_bytes_per_second")?.value === null;
      }, "a damaged cell");
      assert.match(last("socket-1 read_bytes_per_second")!.reason!, /"none" is no number/);
      assert.equal(opened.failure(), null);
    } finally {
      await opened.close();
    }
  });
});

test("a tool that ends in mid-run makes the source partial, with its own words", async () => {
  const script = `echo '${HEADER}'; echo '0,10,0,0,0,48,0,0,640,3072'
case "$*" in *-i=1*) exit 0;; esac
sleep 0.1; echo 'ERROR: access to the uncore PMU was lost' >&2; exit 1`;
  await withTool("pcm-pcie", script, async () => {
    const opened = await pcie.open(sourceContext(""));
    const { sink, last } = collector();
    try {
      await until(() => {
        void opened.sample(sink);
        return opened.failure() !== null;
      }, "the end of the tool");
      assert.match(opened.failure()!, /^pcm-pcie ended: access to the uncore PMU was lost/);
      assert.equal(last("socket-0 read_bytes_per_second")?.value, null);
    } finally {
      await opened.close();
    }
  });
});

test("pcm-iio names its slots; rows may be shorter than the header", async () => {
  const script = `echo 'Socket,Name,Part,IB write,IB read,OB read,OB write,IOTLB Lookup'
echo 'Socket0,IIO Stack 4 - PCIe3,Part0,192000,34000000,0,12000,7'
echo 'Socket0,IIO Stack 4 - PCIe3,Part1,0,0,0,0'
case "$*" in *-i=1*) exit 0;; esac
sleep 30`;
  await withTool("pcm-iio", script, async () => {
    const context = sourceContext("");
    assert.deepEqual((await iio.probe(context)).devices, [
      "socket-0/IIO Stack 4 - PCIe3/Part0",
      "socket-0/IIO Stack 4 - PCIe3/Part1",
    ]);
    const opened = await iio.open(context);
    const { sink, last } = collector();
    try {
      const name = "socket-0/IIO Stack 4 - PCIe3/Part0 inbound_read_bytes_per_second";
      await until(() => {
        void opened.sample(sink);
        return last(name) !== undefined;
      }, "a row");
      assert.equal(last(name)?.value, 34e6);
    } finally {
      await opened.close();
    }
  });
});

test("where PCM is not installed or refuses, the source is absent or denied in one sentence", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nonexistent";
  try {
    const found = await pcie.probe(sourceContext(""));
    assert.equal(found.status, "absent");
    assert.equal(found.reason, "pcm-pcie is not installed");
  } finally {
    process.env.PATH = path;
  }
  const refusal = "echo ' Access to Intel(r) Performance Counter Monitor has denied.' >&2; exit 1";
  await withTool("pcm-pcie", refusal, async () => {
    const found = await pcie.probe(sourceContext(""));
    assert.equal(found.status, "denied");
    assert.match(found.reason!, /^pcm-pcie: Access to .* denied/);
    assert.match(found.remedy!, /root/);
  });
  assert.equal(
    pcmProblem(
      "\n Banner\nPCM Info: setrlimit failed with error Operation not permitted\n" +
        `Error: unsupported processor. Only Intel(R) processors are supported (${
          "Atom(R), ".repeat(20)
        }x).\n`,
    ),
    "unsupported processor. Only Intel(R) processors are supported",
  );
  assert.equal(pcmProblem("\n"), null);
});

const installed = spawnSync("pcm-pcie", ["--version"]).error === undefined;

test("the real pcm-pcie either counts or says why not", {
  skip: installed ? false : "pcm is not installed",
}, async () => {
  for (const one of [pcie, iio]) {
    const found = await one.probe(sourceContext(""));
    if (found.status === "ok") assert.ok(found.devices.length > 0);
    else {
      assert.match(found.reason!, new RegExp(`^${one.name}: .{10,}`));
      assert.doesNotMatch(found.reason!, /PCM Info|\n|Banner/);
    }
  }
});
