import type { MetricDefinition, MetricUnit } from "../metric.ts";

function measured(
  id: string,
  unit: MetricUnit,
  title: string,
  formula: string,
  source: string,
  better: MetricDefinition["better"] = "none",
): MetricDefinition {
  return { id, unit, family: "record", title, better, nature: "sampled", formula, source };
}

const DISKSTATS = "/proc/diskstats (Linux Documentation/admin-guide/iostats.rst)";
const TASK_IO = "/proc/<pid>/io (proc_pid_io(5))";
const PROC_STAT = "/proc/stat (proc_stat(5))";
const MEMINFO = "/proc/meminfo (proc_meminfo(5))";
const NVML = "NVML or nvidia-smi";
const SMART = "NVMe SMART/health log";
const PSI = "/proc/pressure (Linux Documentation/accounting/psi.rst)";

function pressure(resource: string, kind: "some" | "full"): MetricDefinition {
  return measured(
    `${resource}_pressure_${kind}_seconds`,
    "seconds",
    `time in which ${kind === "some" ? "a task" : "every task"} waited for ${resource}`,
    `increase of the ${kind} total of /proc/pressure/${resource}, at most the duration`,
    PSI,
    "lower",
  );
}

/** Metrics of the record family: counters of one recording, all measured. */
export const RECORD_METRICS: readonly MetricDefinition[] = [
  measured(
    "run_seconds",
    "seconds",
    "duration of the recording",
    "monotonic clock at the end minus at the start",
    "this tool",
    "lower",
  ),
  measured(
    "disk_read_bytes",
    "bytes",
    "bytes read from all disks",
    "sum over disks of the increase of sectors read x 512; layered devices are left out",
    DISKSTATS,
  ),
  measured(
    "disk_written_bytes",
    "bytes",
    "bytes written to all disks",
    "sum over disks of the increase of sectors written x 512; layered devices are left out",
    DISKSTATS,
    "lower",
  ),
  measured(
    "disk_busy_ratio",
    "ratio",
    "share of the time that the busiest disk had requests in flight",
    "largest increase of busy time over the disks / duration, at most 1",
    DISKSTATS,
  ),
  measured(
    "child_read_bytes",
    "bytes",
    "bytes that the command and all it started fetched from storage",
    "increase of read_bytes over the process tree, the ended processes included",
    TASK_IO,
  ),
  measured(
    "child_written_bytes",
    "bytes",
    "bytes that the command and all it started sent towards storage",
    "increase of write_bytes over the process tree, the ended processes included",
    TASK_IO,
  ),
  measured(
    "child_cpu_seconds",
    "seconds",
    "processor time of the command and all it started",
    "user and system ticks of the process tree / 100",
    "/proc/<pid>/stat (proc_pid_stat(5))",
    "lower",
  ),
  measured(
    "child_peak_resident_bytes",
    "bytes",
    "largest resident memory of the process tree at a sample",
    "max over samples of the sum of resident pages x page size (shared pages count in each process)",
    "/proc/<pid>/stat (proc_pid_stat(5))",
    "lower",
  ),
  measured(
    "cpu_busy_seconds",
    "seconds",
    "processor time that was worked, all processors together",
    "increase of user + nice + system + irq + softirq + steal",
    PROC_STAT,
  ),
  measured(
    "cpu_busy_ratio",
    "ratio",
    "share of the processors' time that was worked",
    "busy / (busy + idle + iowait)",
    PROC_STAT,
  ),
  measured(
    "cpu_iowait_ratio",
    "ratio",
    "share of the processors' time that was idle with I/O outstanding",
    "iowait / (busy + idle + iowait)",
    PROC_STAT,
  ),
  measured(
    "peak_memory_used_bytes",
    "bytes",
    "largest host memory in use",
    "MemTotal - lowest MemAvailable",
    MEMINFO,
    "lower",
  ),
  measured("peak_page_cache_bytes", "bytes", "largest page cache", "highest Cached", MEMINFO),
  measured("peak_dirty_bytes", "bytes", "most dirty pages", "highest Dirty", MEMINFO),
  measured(
    "swap_in_bytes",
    "bytes",
    "bytes swapped in",
    "increase of pswpin x page size",
    "/proc/vmstat",
    "lower",
  ),
  measured(
    "swap_out_bytes",
    "bytes",
    "bytes swapped out",
    "increase of pswpout x page size",
    "/proc/vmstat",
    "lower",
  ),
  ...["cpu", "io", "memory"].flatMap((r) => [pressure(r, "some"), pressure(r, "full")]),
  measured(
    "gpu_utilization_ratio",
    "ratio",
    "share of the time that some kernel ran, mean over GPUs",
    "time-weighted mean of utilization; a GPU that spins in a wait counts as used",
    NVML,
  ),
  measured(
    "gpu_sm_active_ratio",
    "ratio",
    "share of the time that the multiprocessors had work, mean over GPUs",
    "time-weighted mean of SM activity (DCGM field 1002 or GPM)",
    "DCGM or NVML GPM",
    "higher",
  ),
  measured(
    "gpu_peak_memory_bytes",
    "bytes",
    "largest GPU memory in use on one GPU",
    "highest memory.used",
    NVML,
    "lower",
  ),
  measured(
    "gpu_energy_joules",
    "joules",
    "energy of the GPUs",
    "increase of the total-energy counters, else power samples by the trapezoid rule (F1, F2)",
    NVML,
    "lower",
  ),
  measured(
    "gpu_power_watts",
    "watts",
    "mean power of one GPU",
    "time-weighted mean of the power samples",
    NVML,
    "lower",
  ),
  measured(
    "ssd_host_written_bytes",
    "bytes",
    "bytes the host wrote, by the drives' own count",
    "increase of data units written x 512,000, all namespaces of all drives",
    SMART,
    "lower",
  ),
  measured(
    "ssd_media_written_bytes",
    "bytes",
    "bytes written to flash, garbage collection included",
    "increase of physical media units written (OCP extended log or endurance-group log)",
    "OCP Datacenter NVMe SSD specification, SMART-1",
    "lower",
  ),
  measured(
    "ssd_write_amplification_ratio",
    "ratio",
    "bytes written to flash for each byte the host wrote",
    "ssd_media_written_bytes / ssd_host_written_bytes, over the drives that count both; " +
      "TBW has the rated one inside, so a wear by TBW is never multiplied by it",
    "OCP Datacenter NVMe SSD specification, SMART-1; NVMe endurance group log",
    "lower",
  ),
  measured(
    "ssd_life_used_ratio",
    "ratio",
    "share of their rated life that the drives say the run used up",
    "rise of SMART percentage used, the drive with the largest rise; drives count whole percents, so mostly 0",
    SMART,
    "lower",
  ),
  measured(
    "recorder_cpu_ratio",
    "ratio",
    "processor time of the recorder itself over the duration, in cores",
    "user and system time of this process / duration",
    "this tool",
    "lower",
  ),
  measured(
    "recorder_peak_resident_bytes",
    "bytes",
    "largest resident memory of the recorder while it recorded",
    "highest resident set, read every second",
    "this tool",
    "lower",
  ),
  measured(
    "recorder_missed_ticks",
    "count",
    "ticks that were due and did not happen",
    "ticks skipped because an earlier one was a whole interval late",
    "this tool",
    "lower",
  ),
  measured(
    "recorder_lateness_p99_seconds",
    "seconds",
    "how late ticks were, 99th percentile",
    "upper edge of the histogram bucket (1/16 wide) that holds the quantile",
    "this tool",
    "lower",
  ),
];
