import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientBytes,
  parseLustreStats,
  parseMmpmon,
  parseMountstats,
} from "../../parse/network_fs.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import { ownPid } from "../../runtime/host.ts";
import { runTool } from "../../runtime/tool.ts";
import type { OpenSource, Source, SourceContext, SourceProbe } from "../source.ts";

const SLOW_NS = 1e9;
const MMPMON = "/usr/lpp/mmfs/bin/mmpmon";
/** Where Lustre keeps a client's counters: debugfs since 2.13, procfs before. */
const LUSTRE = ["/sys/kernel/debug/lustre/llite", "/proc/fs/lustre/llite"];

function text(path: string): string | null {
  try {
    return readTextIfExists(path);
  } catch {
    return null;
  }
}

function nfs(root: string): ClientBytes[] {
  const content = text(`${root}/proc/self/mountstats`);
  return content === null ? [] : parseMountstats(content);
}

function lustre(root: string): ClientBytes[] {
  return LUSTRE.flatMap((base) =>
    listNames(`${root}${base}`).filter((name) => name.endsWith("/")).flatMap((folder) => {
      const content = text(`${root}${base}/${folder}stats`);
      // "scratch-ffff8e1b2c3d4000": the address of the mount says nothing and changes with every boot.
      const name = folder.slice(0, -1).replace(/-[0-9a-f]{16}$/, "");
      return content === null ? [] : [parseLustreStats(content, name)];
    })
  );
}

/** GPFS answers through its own tool, which reads requests from a file. */
async function gpfs(root: string): Promise<ClientBytes[]> {
  if (root !== "" || text(MMPMON) === null) return [];
  const request = join(tmpdir(), `spillway-mmpmon-${ownPid()}`);
  try {
    writeFileSync(request, "fs_io_s\n");
    const { code, stdout } = await runTool([MMPMON, "-p", "-i", request], { timeoutMs: 5000 });
    return code === 0 ? parseMmpmon(stdout) : [];
  } finally {
    rmSync(request, { force: true });
  }
}

async function clients(root: string): Promise<{ kind: string; client: ClientBytes }[]> {
  return [
    ...nfs(root).map((client) => ({ kind: "nfs", client })),
    ...lustre(root).map((client) => ({ kind: "lustre", client })),
    ...(await gpfs(root)).map((client) => ({ kind: "gpfs", client })),
  ];
}

const deviceOf = (kind: string, { name }: ClientBytes) => `${kind} ${name}`;

async function probe(context: SourceContext): Promise<SourceProbe> {
  const found = await clients(context.root);
  return {
    status: found.length === 0 ? "absent" : "ok",
    reason: found.length === 0 ? "no NFS, Lustre or GPFS file system is mounted here" : null,
    remedy: null,
    devices: found.map(({ kind, client }) => deviceOf(kind, client)),
  };
}

function open(context: SourceContext): OpenSource {
  let known = new Set<string>();
  let failure: string | null = null;
  return {
    sample: async (sink) => {
      const found = await clients(context.root);
      const seen = new Set<string>();
      const push = (device: string, field: string, value: number | null, reason: string) =>
        sink.push(
          sink.series({ source: "network-fs", device, field, unit: "bytes", type: "counter" }),
          value,
          reason,
        );
      for (const { kind, client } of found) {
        const device = deviceOf(kind, client);
        seen.add(device);
        push(device, "read_bytes", client.readBytes, "nothing was read yet");
        push(device, "write_bytes", client.writeBytes, "nothing was written yet");
      }
      for (const device of known) {
        if (seen.has(device)) continue;
        failure ??= `${device} was unmounted`;
        for (const field of ["read_bytes", "write_bytes"]) push(device, field, null, "unmounted");
      }
      known = new Set([...known, ...seen]);
    },
    failure: () => failure,
    close: () => Promise.resolve(),
  };
}

export const source: Source = {
  name: "network-fs",
  summary: "bytes to and from the servers of NFS, Lustre and GPFS",
  minIntervalNs: SLOW_NS,
  probe,
  open: (context) => Promise.resolve(open(context)),
};
