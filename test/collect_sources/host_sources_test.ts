import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { source as cgroup } from "../../src/collect/sources/cgroup.ts";
import { source as cpu } from "../../src/collect/sources/cpu.ts";
import { source as networkFs } from "../../src/collect/sources/network_fs.ts";
import { source as nvidiaFs } from "../../src/collect/sources/nvidia_fs.ts";
import { source as rapl } from "../../src/collect/sources/rapl.ts";
import { source as block } from "../../src/collect/sources/block.ts";
import { source as pcie } from "../../src/collect/sources/pcie.ts";
import { readSysTopology } from "../../src/collect/topology/sysfs.ts";
import { sharedSwitches } from "../../src/model/topology.ts";
import { parseMmpmon } from "../../src/parse/network_fs.ts";
import { needsShared, sharedText } from "../shared.ts";
import { collector, sourceContext } from "./collector.ts";

/** Runs with a tree of files below a folder that stands for "/". */
async function inTree(
  files: Readonly<Record<string, string>>,
  body: (root: string, write: (path: string, text: string) => void) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "spillway-root-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    for (const [path, text] of Object.entries(files)) write(path, text);
    await body(root, write);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("RAPL energy goes on over the turn of its counter", async () => {
  const zone = "sys/class/powercap/intel-rapl:0";
  await inTree({
    [`${zone}/name`]: "package-0\n",
    [`${zone}/max_energy_range_uj`]: "262143328850\n",
    [`${zone}/energy_uj`]: "262143000000\n",
    "sys/class/powercap/intel-rapl:0:1/name": "dram\n",
    "sys/class/powercap/intel-rapl:0:1/max_energy_range_uj": "65712999613\n",
    "sys/class/powercap/intel-rapl:0:1/energy_uj": "10\n",
    "sys/class/powercap/intel-rapl/enabled": "1\n",
  }, async (root, write) => {
    assert.deepEqual((await rapl.probe(sourceContext(root))).devices, ["package-0", "dram-0"]);
    const opened = await rapl.open(sourceContext(root));
    const { sink, last } = collector();
    await opened.sample(sink);
    const before = last("package-0 energy_joules")!.value!;
    write(`${zone}/energy_uj`, "500000\n");
    await opened.sample(sink);
    const after = last("package-0 energy_joules")!.value!;
    // 0.32885 J were left to the range's end, then 0.5 J.
    assert.ok(Math.abs(after - before - 0.82885) < 1e-6, String(after - before));
    write(`${zone}/energy_uj`, "garbage\n");
    await opened.sample(sink);
    assert.equal(last("package-0 energy_joules")!.value, null);
    assert.match(opened.failure()!, /package-0/);
    await opened.close();
  });
});

test("a recorded sysfs tree gives its RAPL zones, disks and links", {
  skip: needsShared("fixtures/proc-sys"),
}, async () => {
  for (const file of ["node_exporter-sysfs-subset.json", "procfs-sysfs-subset.json"]) {
    const entries: { path: string; content: string }[] = JSON.parse(
      sharedText(`fixtures/proc-sys/${file}`),
    );
    // The recording has the devices' own directories; the kernel also links them by address.
    const linked = entries.flatMap((e) => {
      const at = /^\/sys\/devices\/pci.*\/([\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.\d)\/([^/]+)$/.exec(
        e.path,
      );
      return at === null
        ? []
        : [{ path: `/sys/bus/pci/devices/${at[1]}/${at[2]}`, content: e.content }];
    });
    await inTree(
      Object.fromEntries([...entries, ...linked].map((e) => [e.path.slice(1), e.content])),
      async (root) => {
        const found = await rapl.probe(sourceContext(root));
        const zones = entries.filter((e) => /intel-rapl:[\d:]+\/energy_uj$/.test(e.path)).length;
        assert.equal(found.devices.length, zones, file);
        if (zones > 0) {
          const opened = await rapl.open(sourceContext(root));
          const { sink, pushed } = collector();
          await opened.sample(sink);
          assert.ok(pushed.every((p) => p.value !== null && p.value > 0), file);
          await opened.close();
        }
        const links = linked.filter((e) => e.path.endsWith("/current_link_speed")).length;
        assert.ok(links >= 3, file);
        const topology = readSysTopology(root);
        assert.equal(topology.devices.filter((d) => d.link !== null).length, links, file);
        await pcie.probe(sourceContext(root));
        await block.probe(sourceContext(root));
      },
    );
  }
});

const NVFS = `GDS Version: 1.7.0.149
NVFS statistics(ver: 4.0)
NVFS Driver(version: 2.17.5)
IO stats: Enabled, peer IO stats: Disabled

Active Shadow-Buffer (MiB): 0
Active Process: 2
Batches\t\t\t\t: n=7 ok=7 err=0 Avg-Submit-Latency(usec)=12
Reads\t\t\t\t: n=100 ok=98 err=2 readMiB=4096 io_state_err=0
Reads\t\t\t\t: Bandwidth(MiB/s)=0 Avg-Latency(usec)=0
Writes\t\t\t\t: n=5 ok=5 err=0 writeMiB=10 io_state_err=0 pg-cache=0
`;

test("GPUDirect Storage counters are bytes and requests; a driver that does not count is partial", async () => {
  const path = "proc/driver/nvidia-fs/stats";
  await inTree({ [path]: NVFS }, async (root, write) => {
    const opened = await nvidiaFs.open(sourceContext(root));
    const { sink, last } = collector();
    await opened.sample(sink);
    assert.equal(last(" read_bytes")!.value, 4096 * 2 ** 20);
    assert.equal(last(" read_errors")!.value, 2);
    assert.equal(last(" processes")!.value, 2);
    await opened.close();
    write(path, NVFS.replace("IO stats: Enabled", "IO stats: Disabled"));
    const found = await nvidiaFs.probe(sourceContext(root));
    assert.equal(found.status, "partial");
    assert.match(found.remedy!, /rw_stats_enabled/);
  });
  await inTree({}, async (root) => {
    assert.equal((await nvidiaFs.probe(sourceContext(root))).status, "absent");
  });
});

test("NFS and Lustre clients give bytes over the wire; an unmounted one is noted", async () => {
  await inTree({
    "proc/self/mountstats": "device rootfs mounted on / with fstype rootfs\n" +
      "device srv:/data mounted on /mnt/data with fstype nfs4 statvers=1.1\n\tage:\t5\n" +
      "\tbytes:\t10 20 30 40 5000 6000 7 8\n",
    "proc/fs/lustre/llite/scratch-ffff8e1b2c3d4000/stats": "snapshot_time 1 secs.nsecs\n" +
      "read_bytes                9 samples [bytes] 1 100 777 9999\nopen  3 samples [usec] 1 2 3\n",
  }, async (root, write) => {
    assert.deepEqual((await networkFs.probe(sourceContext(root))).devices, [
      "nfs /mnt/data",
      "lustre scratch",
    ]);
    const opened = await networkFs.open(sourceContext(root));
    const { sink, last } = collector();
    await opened.sample(sink);
    assert.equal(last("nfs /mnt/data read_bytes")!.value, 5000);
    assert.equal(last("nfs /mnt/data write_bytes")!.value, 6000);
    assert.equal(last("lustre scratch read_bytes")!.value, 777);
    assert.equal(last("lustre scratch write_bytes")!.value, null);
    write("proc/self/mountstats", "");
    await opened.sample(sink);
    assert.match(opened.failure()!, /nfs \/mnt\/data was unmounted/);
  });
});

test("GPFS gives a line a file system; a counter that is missing or garbled is unknown, never 0", () => {
  const [gpfs, second, third, ...rest] = parseMmpmon(
    "_fs_io_s_ _n_ 1 _nn_ n _rc_ 0 _t_ 1 _tu_ 1 _cl_ c _fs_ gpfs1 _d_ 5 _br_ 6291456 _bw_ 314572800 _oc_ 1\n" +
      "_fs_io_s_ _n_ 1 _nn_ n _rc_ 0 _t_ 2 _tu_ 2 _cl_ c _fs_ scratch _d_ 9 _br_ 0 _oc_ 7\r\n" +
      "_fs_io_s_ _n_ 1 _fs_ home _br_ -3 _bw_ 9007199254740991\n" +
      "_mmpmon::error _n_ 1 _fs_ lost _br_ 5 _bw_ 5\n\n",
  );
  assert.deepEqual(second, { name: "scratch", readBytes: 0, writeBytes: null });
  assert.deepEqual(third, { name: "home", readBytes: null, writeBytes: 9007199254740991 });
  assert.deepEqual(rest, [], "a refusal is no file system");
  assert.deepEqual(gpfs, { name: "gpfs1", readBytes: 6291456, writeBytes: 314572800 });
});

test("the cgroup of the recorded process gives I/O by device", async () => {
  await inTree({
    "sys/fs/cgroup/cgroup.controllers": "cpu io memory\n",
    "proc/77/cgroup": "0::/user.slice/run.scope\n",
    "sys/fs/cgroup/user.slice/run.scope/io.stat":
      "259:0 rbytes=10 wbytes=1073741824 rios=1 wios=256 dbytes=0 dios=0\n8:0 \n",
    "sys/fs/cgroup/user.slice/run.scope/memory.current": "4096\n",
    "sys/fs/cgroup/user.slice/run.scope/cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
  }, async (root) => {
    const context = { ...sourceContext(root), follows: true, pid: () => 77 };
    assert.equal((await cgroup.probe(context)).status, "ok");
    const opened = await cgroup.open(context);
    const { sink, last } = collector();
    await opened.sample(sink);
    assert.equal(last("259:0 write_bytes")!.value, 2 ** 30);
    assert.equal(last(" cpu_seconds")!.value, 1.5);
    assert.equal(last(" memory_bytes")!.value, 4096);
  });
});

test("devices below one switch are found, and their links and AER errors", async () => {
  await inTree({}, (root): Promise<void> => {
    const real = join(root, "sys/devices/pci0000:00");
    const device = (path: string, files: Readonly<Record<string, string>>) => {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(real, path), { recursive: true });
        writeFileSync(join(real, path, name), text);
      }
      const bus = join(root, "sys/bus/pci/devices");
      mkdirSync(bus, { recursive: true });
      symlinkSync(join(real, path), join(bus, path.split("/").at(-1)!));
    };
    const link = {
      current_link_speed: "8.0 GT/s PCIe\n",
      max_link_speed: "16.0 GT/s PCIe\n",
      current_link_width: "4\n",
      max_link_width: "4\n",
    };
    device("0000:00:01.0", { class: "0x060400\n" });
    device("0000:00:01.0/0000:01:00.0", { class: "0x060400\n" });
    device("0000:00:01.0/0000:01:00.0/0000:02:00.0", {
      class: "0x030200\n",
      vendor: "0x10de\n",
      device: "0x2330\n",
      numa_node: "1\n",
      ...link,
    });
    device("0000:00:01.0/0000:01:00.0/0000:03:00.0", {
      class: "0x010802\n",
      aer_dev_correctable: "RxErr 3\nTOTAL_ERR_COR 3\n",
      ...link,
      current_link_speed: "16.0 GT/s PCIe\n",
    });
    // A card that fell off the bus answers with all bits set.
    device("0000:00:03.0", {
      class: "0x020000\n",
      current_link_speed: "Unknown\n",
      max_link_speed: "Unknown\n",
      current_link_width: "63\n",
      max_link_width: "255\n",
    });
    device("0000:00:02.0", { class: "0x020000\n" });
    const { devices } = readSysTopology(root);
    const gpu = devices.find((d) => d.kind === "gpu")!;
    assert.deepEqual(gpu.path, ["0000:00:01.0", "0000:01:00.0"]);
    assert.equal(gpu.downgraded, true);
    assert.equal(gpu.numaNode, 1);
    assert.match(gpu.name!, /NVIDIA/);
    const fallen = devices.find((d) => d.address === "0000:00:03.0")!;
    assert.deepEqual([fallen.link?.lanes, fallen.link?.maxLanes], [null, null]);
    assert.equal(fallen.downgraded, null);
    const drive = devices.find((d) => d.kind === "nvme")!;
    assert.equal(drive.downgraded, false);
    assert.equal(drive.aer!.correctable, 3);
    assert.deepEqual(sharedSwitches(devices, ["gpu", "nvme", "nic"]), [
      { bridge: "0000:01:00.0", devices: ["0000:02:00.0", "0000:03:00.0"] },
    ]);
    return Promise.resolve();
  });
});

test("idle and iowait time that step back are no reset: processor time never falls", async () => {
  const line = (idle: number, iowait: number) =>
    `cpu  100 0 50 ${idle} ${iowait} 0 0 0 0 0\nctxt 1\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n`;
  await inTree({ "proc/stat": line(1_000_000, 5000) }, async (root, write) => {
    const opened = await cpu.open(sourceContext(root));
    const { sink, pushed } = collector();
    await opened.sample(sink);
    for (const text of [line(1_000_100, 4990), line(1_000_050, 5010), line(1_000_150, 5020)]) {
      write("proc/stat", text);
      await opened.sample(sink);
    }
    const seconds = (name: string) => pushed.filter((p) => p.name === name).map((p) => p.value);
    assert.deepEqual(seconds(" iowait_seconds"), [50, 50, 50.2, 50.3]);
    assert.deepEqual(seconds(" idle_seconds"), [10_000, 10_001, 10_001, 10_002]);
    await opened.close();
  });
});

test("a process that is moved to another cgroup brings none of that one's past", async () => {
  const folder = (name: string) => `sys/fs/cgroup/${name}`;
  const io = (bytes: number) => `8:0 rbytes=0 wbytes=${bytes} rios=0 wios=0 dbytes=0 dios=0\n`;
  await inTree({
    "sys/fs/cgroup/cgroup.controllers": "io\n",
    "proc/42/cgroup": "0::/a\n",
    [`${folder("a")}/io.stat`]: io(1000),
    [`${folder("a")}/cpu.stat`]: "usage_usec 1000000\n",
    [`${folder("b")}/io.stat`]: io(9_000_000),
    [`${folder("b")}/cpu.stat`]: "usage_usec 900000000\n",
  }, async (root, write) => {
    const opened = await cgroup.open({ ...sourceContext(root), follows: true, pid: () => 42 });
    const { sink, last, pushed } = collector();
    await opened.sample(sink);
    const device = pushed.find((p) => p.name.endsWith(" write_bytes"))!.name;
    const [bytes, seconds] = [last(device)!.value!, last(" cpu_seconds")!.value!];
    write("proc/42/cgroup", "0::/b\n");
    await opened.sample(sink);
    assert.equal(last(device)!.value! - bytes, 0);
    write(`${folder("b")}/io.stat`, io(9_000_500));
    write(`${folder("b")}/cpu.stat`, "usage_usec 901000000\n");
    await opened.sample(sink);
    assert.equal(last(device)!.value! - bytes, 500);
    assert.equal(last(" cpu_seconds")!.value! - seconds, 1);
    await opened.close();
  });
});
