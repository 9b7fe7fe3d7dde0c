import { createCounterPicker } from "../../parse/keyed_counters.ts";
import { openCounterFile } from "../../runtime/counter_file.ts";
import { pageBytes } from "../../runtime/host.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, Source, SourceContext } from "../source.ts";

/** meminfo keys that are kept, as bytes. */
const GAUGES: readonly (readonly [string, string])[] = [
  ["total_bytes", "MemTotal"],
  ["free_bytes", "MemFree"],
  ["available_bytes", "MemAvailable"],
  ["page_cache_bytes", "Cached"],
  ["buffers_bytes", "Buffers"],
  ["dirty_bytes", "Dirty"],
  ["writeback_bytes", "Writeback"],
  ["anonymous_bytes", "AnonPages"],
  ["mapped_bytes", "Mapped"],
  ["shared_bytes", "Shmem"],
  ["slab_bytes", "Slab"],
  ["locked_bytes", "Mlocked"],
  ["huge_page_bytes", "Hugetlb"],
];

/** vmstat keys that are kept: field, unit, key, what one count is. pgpgin and pgpgout count KiB. */
const COUNTERS: readonly (readonly [string, string, string, number | "page"])[] = [
  ["page_in_bytes", "bytes", "pgpgin", 1024],
  ["page_out_bytes", "bytes", "pgpgout", 1024],
  ["swap_in_bytes", "bytes", "pswpin", "page"],
  ["swap_out_bytes", "bytes", "pswpout", "page"],
  ["page_faults", "count", "pgfault", 1],
  ["major_page_faults", "count", "pgmajfault", 1],
  ["file_refault_bytes", "bytes", "workingset_refault_file", "page"],
  ["oom_kills", "count", "oom_kill", 1],
];

const NO_SUCH_KEY = "this kernel does not count it";

function open(context: SourceContext): OpenSource {
  const meminfo = openCounterFile(`${context.root}/proc/meminfo`, 4096);
  const vmstat = openCounterFile(`${context.root}/proc/vmstat`, 8192);
  let ids: { gauges: number[]; swap: number; counters: number[] } | null = null;
  const page = pageBytes();
  const pickMeminfo = createCounterPicker(
    [...GAUGES.map(([, key]) => key), "SwapTotal", "SwapFree"],
    ":",
  );
  const pickVmstat = createCounterPicker(COUNTERS.map(([, , key]) => key), " ");
  // Kernels before 5.9 do not tell file pages from others.
  const pickOldVmstat = createCounterPicker(
    COUNTERS.map(([, , key]) => key.replace(/_file$/, "")),
    " ",
  );
  let failure: string | null = null;
  return {
    sample: (sink) => {
      const define = (field: string, unit: string, type: "counter" | "gauge") =>
        sink.series({ source: "memory", device: "", field, unit, type });
      ids ??= {
        gauges: GAUGES.map(([field]) => define(field, "bytes", "gauge")),
        swap: define("swap_used_bytes", "bytes", "gauge"),
        counters: COUNTERS.map(([field, unit]) => define(field, unit, "counter")),
      };
      const text = meminfo.read();
      if (text === null) {
        failure = `/proc/meminfo: ${meminfo.problem()}`;
        for (const id of [...ids.gauges, ids.swap]) sink.push(id, null, failure);
      } else {
        for (let i = 0; i < GAUGES.length; i++) {
          sink.push(ids.gauges[i], pickMeminfo(text, i), NO_SUCH_KEY);
        }
        const total = pickMeminfo(text, GAUGES.length);
        const free = pickMeminfo(text, GAUGES.length + 1);
        const known = total !== null && free !== null;
        sink.push(ids.swap, known ? total - free : null, "this kernel has no swap counters");
      }
      const counters = vmstat.read();
      if (counters === null) {
        failure = `/proc/vmstat: ${vmstat.problem()}`;
        for (const id of ids.counters) sink.push(id, null, failure);
        return;
      }
      for (let i = 0; i < COUNTERS.length; i++) {
        const factor = COUNTERS[i][3];
        const value = pickVmstat(counters, i) ?? pickOldVmstat(counters, i);
        sink.push(
          ids.counters[i],
          value === null ? null : value * (factor === "page" ? page : factor),
          NO_SUCH_KEY,
        );
      }
    },
    failure: () => failure,
    close: () => {
      meminfo.close();
      vmstat.close();
      return Promise.resolve();
    },
  };
}

export const source: Source = {
  name: "memory",
  summary: "host memory, page cache, dirty pages, swap and paging (/proc/meminfo, /proc/vmstat)",
  minIntervalNs: 0,
  probe: (context) => {
    const meminfo = readTextIfExists(`${context.root}/proc/meminfo`);
    const vmstat = readTextIfExists(`${context.root}/proc/vmstat`);
    if (meminfo === null) {
      return Promise.resolve({
        status: "absent",
        reason: "/proc/meminfo is not there",
        remedy: "mount /proc in the container (it needs Linux)",
        devices: [],
      });
    }
    return Promise.resolve({
      status: vmstat === null ? "partial" : "ok",
      reason: vmstat === null ? "/proc/vmstat is not there: no paging counters" : null,
      remedy: null,
      devices: vmstat === null ? ["meminfo"] : ["meminfo", "vmstat"],
    });
  },
  open: (context) => Promise.resolve(open(context)),
};
