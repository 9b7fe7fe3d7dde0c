import { counterOf } from "./numbers.ts";

/** Bytes that a client of a network file system moved to and from its servers. */
export interface ClientBytes {
  /** Mount point, or the file system's name. */
  readonly name: string;
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
}

/**
 * `/proc/self/mountstats`: the fifth and sixth number of an NFS mount's `bytes:` line (nfs_iostat.h) are bytes
 * that went over the wire, which the page cache did not answer.
 */
export function parseMountstats(text: string): ClientBytes[] {
  const found: ClientBytes[] = [];
  let mount: string | null = null;
  for (const line of text.split("\n")) {
    const device = /^device \S.* mounted on (.+) with fstype (\S+)/.exec(line);
    if (device !== null) {
      mount = /^nfs\d?$/.test(device[2]) ? device[1] : null;
      continue;
    }
    const bytes = /^\s*bytes:\s+(.*)$/.exec(line);
    if (mount === null || bytes === null) continue;
    // normal read, normal write, direct read, direct write, server read, server write, pages read, written.
    const values = bytes[1].trim().split(/\s+/).map((word) => counterOf(word));
    found.push({ name: mount, readBytes: values[4] ?? null, writeBytes: values[5] ?? null });
  }
  return found;
}

/** `llite.*.stats` of a Lustre client: `read_bytes N samples [bytes] min max sum [sumsq]`. */
export function parseLustreStats(text: string, name: string): ClientBytes {
  const sum = (key: string): number | null => {
    const match = new RegExp(`^${key}\\s+\\d+ samples \\[bytes\\]\\s+\\d+\\s+\\d+\\s+(\\d+)`, "m")
      .exec(text);
    return match === null ? null : counterOf(match[1]);
  };
  return { name, readBytes: sum("read_bytes"), writeBytes: sum("write_bytes") };
}

/** `mmpmon -p` answering `fs_io_s`, a line a file system: `_fs_ gpfs1 … _br_ 6291456 _bw_ 314572800`. */
export function parseMmpmon(text: string): ClientBytes[] {
  return text.split("\n").filter((line) => line.startsWith("_fs_io_s_")).map((line) => {
    const words = line.trim().split(/\s+/);
    const value = (key: string) => words[words.indexOf(key) + 1];
    return {
      name: words.includes("_fs_") ? value("_fs_") : "gpfs",
      readBytes: words.includes("_br_") ? counterOf(value("_br_")) : null,
      writeBytes: words.includes("_bw_") ? counterOf(value("_bw_")) : null,
    };
  });
}

/** One device of a cgroup's `io.stat`: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`. */
export interface CgroupIo {
  readonly device: string;
  readonly values: ReadonlyMap<string, number>;
}

/** A cgroup's `io.stat` (Linux Documentation/admin-guide/cgroup-v2.rst); a line without counters is skipped. */
export function parseCgroupIoStat(text: string): CgroupIo[] {
  return text.split("\n").flatMap((line) => {
    const [device, ...pairs] = line.trim().split(/\s+/);
    if (!/^\d+:\d+$/.test(device ?? "")) return [];
    const values = new Map<string, number>();
    for (const pair of pairs) {
      const [key, word] = pair.split("=");
      const value = counterOf(word);
      if (value !== null) values.set(key, value);
    }
    return values.size === 0 ? [] : [{ device, values }];
  });
}
