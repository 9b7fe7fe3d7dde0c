import { runTool } from "../../runtime/tool.ts";
import { importMeasurements } from "./import_measurements.ts";
import type { Measurement } from "./measurement.ts";

/** Host links each way, both ways at once, between GPUs, and copies within a GPU. */
const TESTS = [
  "host_to_device_memcpy_ce",
  "device_to_host_memcpy_ce",
  "host_to_device_bidirectional_memcpy_ce",
  "device_to_device_memcpy_read_ce",
  "device_local_copy",
];

/** The links of the GPUs by nvbandwidth; none, with the reason, where the tool or a GPU is missing. */
export async function measureGpu(
  asOf: string,
): Promise<{ measurements: readonly Measurement[]; reason: string | null }> {
  const done = await runTool(["nvbandwidth", "-j", "-t", ...TESTS], { timeoutMs: 60_000 });
  const none = (reason: string) => ({ measurements: [], reason });
  if (done.startError === "ENOENT") return none("nvbandwidth is not installed");
  if (done.startError !== null) return none(`nvbandwidth did not start: ${done.startError}`);
  if (done.timedOut) return none("nvbandwidth took longer than a minute");
  if (done.code !== 0) {
    const said = `${done.stdout}\n${done.stderr}`.trim().split("\n")[0];
    return none(`nvbandwidth ended with exit code ${done.code}: ${said}`);
  }
  return { ...importMeasurements(done.stdout, "nvbandwidth", asOf), reason: null };
}
