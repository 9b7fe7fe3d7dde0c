import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { needsShared, sharedPath } from "../shared.ts";

/**
 * Real NVMe drives, real PCIe links and real AER, in a guest that QEMU emulates. It takes minutes, so it
 * runs only where SPILLWAY_QEMU is set, for which `.ci/run` installs the packages.
 */
const RECIPE = "recipes/qemu-nvme/guest.sh";
const skip = process.env.SPILLWAY_QEMU === undefined
  ? "set SPILLWAY_QEMU=1: it boots a guest in software, which takes minutes"
  : process.versions.bun !== undefined
  ? "the guest runs the program on Deno"
  : existsSync("/usr/bin/qemu-system-x86_64")
  ? needsShared(RECIPE)
  : "qemu-system-x86_64 is not installed";

const MIB = 2 ** 20;

/** One command on QEMU's monitor. */
async function monitor(socket: string, command: string, args: object): Promise<unknown> {
  const connection = createConnection(socket);
  const lines = createInterface({ input: connection })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the monitor closed");
      const message = JSON.parse(value);
      if ("return" in message || "error" in message || "QMP" in message) return message;
    }
  };
  const send = (execute: string, of: object) =>
    connection.write(JSON.stringify({ execute, arguments: of }) + "\n");
  try {
    await answer();
    send("qmp_capabilities", {});
    await answer();
    send(command, args);
    const message = await answer();
    assert.equal(message.error, undefined, JSON.stringify(message.error));
    return message.return;
  } finally {
    connection.destroy();
  }
}

const until = async (path: string, guest: ChildProcess) => {
  while (!existsSync(path)) {
    if (guest.exitCode !== null) throw new Error(`the guest ended before ${path}`);
    await sleep(200);
  }
};

test(
  "in a guest: SMART by ioctl agrees with nvme-cli, written bytes with the drive, links and AER with the kernel",
  {
    skip,
    timeout: 900_000,
  },
  async () => {
    const work = mkdtempSync(join(tmpdir(), "spillway-guest-"));
    const out = join(work, "out");
    mkdirSync(out);
    const clone = resolve(".");
    const script = join(work, "script.sh");
    writeFileSync(
      script,
      `export NO_COLOR=1 HOME=/root DENO_NO_UPDATE_CHECK=1
cd ${clone}
spillway() { "${process.execPath}" run -A --no-check src/main.ts "$@"; }
cat > /root/write.sh <<'W'
dd if=/dev/zero of=/dev/nvme0n1 bs=1M count=128 oflag=direct conv=fsync 2>/dev/null
W
nvme smart-log /dev/nvme0 -o json > /out/smart0.json
spillway record --store /root/run.duckdb --name guest --sources block,nvme,pcie,process-io \\
  --interval 200ms --json --summary /out/record.json -- sh /root/write.sh > /out/record.log 2>&1
nvme smart-log /dev/nvme0 -o json > /out/smart1.json
touch /out/ask
while [ ! -e /out/told ]; do sleep 0.2; done
sleep 2
for d in /sys/bus/pci/devices/*; do
  [ -e $d/aer_dev_nonfatal ] && echo "$(basename $d) $(grep TOTAL $d/aer_dev_nonfatal)"
done > /out/aer.txt
spillway doctor --json > /out/doctor.json 2> /out/doctor.log
spillway topo --all --json > /out/topo.json 2> /out/topo.log
`,
    );
    const socket = join(work, "qmp");
    const guest = spawn("sh", [sharedPath(RECIPE), work, script], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, EXTRA: `-qmp unix:${socket},server,nowait` },
    });
    const json = (name: string) => JSON.parse(readFileSync(join(out, name), "utf8"));
    try {
      await until(join(out, "ask"), guest);
      const anonymous = await monitor(socket, "qom-list", { path: "/machine/peripheral-anon" }) as {
        name: string;
        type: string;
      }[];
      const drive = anonymous.find((e) => e.type === "child<nvme>")!;
      await monitor(socket, "qom-set", {
        path: `/machine/peripheral-anon/${drive.name}`,
        property: "smart_critical_warning",
        value: 8,
      });
      await monitor(socket, "human-monitor-command", {
        "command-line": "pcie_aer_inject_error rp1 POISON_TLP 0 0 0 0",
      });
      writeFileSync(join(out, "told"), "");
      await new Promise((done) => guest.on("exit", done));
      assert.equal(readFileSync(join(out, "rc"), "utf8").trim(), "0");

      const record = json("record.json");
      const before = json("smart0.json");
      const after = json("smart1.json");
      const delta = (after.data_units_written - before.data_units_written) * 512_000;
      const metrics = record.metrics ?? record.run.metrics;
      const wrote = metrics.disk_written_bytes.value;
      assert.equal(wrote, 128 * MIB);
      assert.ok(Math.abs(metrics.ssd_host_written_bytes.value - wrote) <= 512_000);
      assert.ok(Math.abs(delta - wrote) <= 512_000);

      const { sources } = json("doctor.json") as {
        sources: { name: string; status: string; reason: string | null; devices: string[] }[];
      };
      const nvme = sources.find((s) => s.name === "nvme")!;
      assert.equal(nvme.status, "ok");
      assert.deepEqual(nvme.devices, ["nvme0 (ioctl)", "nvme1 (ioctl)"]);
      assert.match(nvme.reason!, /read.only/i);

      const { devices } = json("topo.json").topology ?? json("topo.json");
      const ports = devices.filter((d: { kind: string }) => d.kind === "bridge");
      assert.equal(ports.filter((d: { downgraded: boolean }) => d.downgraded).length, 2);
      const counted = readFileSync(join(out, "aer.txt"), "utf8").trim().split("\n")
        .map((line) => line.split(" ")).map(([address, , errors]) => ({
          address,
          errors: Number(errors),
        }));
      assert.deepEqual(counted.map((c) => c.errors), [0, 1], "what the kernel counted");
      for (const { address, errors } of counted) {
        const found = devices.find((d: { address: string }) => d.address === address);
        assert.equal(found.aer.nonfatal, errors);
      }
    } finally {
      guest.kill();
      if (process.env.SPILLWAY_KEEP === undefined) rmSync(work, { recursive: true, force: true });
    }
  },
);
