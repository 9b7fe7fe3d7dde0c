import { gpuFieldIndex } from "../../../parse/gpu/fields.ts";
import { scaled } from "../../../parse/gpu/quantity.ts";
import { type Reading, reading } from "../../../parse/reading.ts";
import type { Nvml, NvmlDevice } from "./api.ts";
import { FUNCTION_NOT_FOUND, INSUFFICIENT_SIZE, isLoss, nvmlReason } from "./errors.ts";
import * as layout from "./layout.ts";

/** Readings of one GPU, and the code that says it is lost (0 when it is not). */
export interface DeviceReadings {
  readonly readings: readonly Reading[];
  readonly lossCode: number;
}

/** Reads one GPU. Buffers are kept: nothing is allocated but the readings. */
export interface DeviceReader {
  /** Utilisation, memory, power, energy, clocks: a few microseconds each. */
  fast(): DeviceReadings;
  /** What changes slowly: temperatures, links, errors, MIG instances, processes. */
  slow(): DeviceReadings;
  /** PCIe throughput over 20 ms each way, on another thread; null where the runtime has none. */
  throughput(): Promise<readonly Reading[]> | null;
  /** The same readings as unknown, for a runtime that has no other thread. */
  noThroughput(): readonly Reading[];
}

const CLOCKS = [["graphics", 0], ["sm", 1], ["memory", 2], ["video", 3]] as const;
/** Field ids of nvml.h: memory temperature, instant power. */
const MEMORY_TEMPERATURE = 82;
const POWER_INSTANT = 186;
/** `nvmlPerfPolicyType_t`: power, thermal, sync boost. */
const VIOLATIONS = [
  ["clock_event_sw_power_cap_seconds", 0],
  ["clock_event_sw_thermal_seconds", 1],
  ["clock_event_sync_boost_seconds", 2],
] as const;
const MOST_PROCESSES = 64;

export function createDeviceReader(nvml: Nvml, { device, handle }: NvmlDevice): DeviceReader {
  const fields = gpuFieldIndex();
  const out = new Uint8Array(64);
  const view = new DataView(out.buffer);
  const other = [0, 1, 2].map(() => new Uint8Array(8));
  const memory = new Uint8Array(layout.MEMORY_V2.size);
  const memoryView = new DataView(memory.buffer);
  const values = new Uint8Array(2 * layout.FIELD_VALUE.size);
  const valuesView = new DataView(values.buffer);
  const processes = new Uint8Array(MOST_PROCESSES * layout.PROCESS_INFO.size);
  const processView = new DataView(processes.buffer);
  let hasMemoryV2 = nvml.library.has("nvmlDeviceGetMemoryInfo_v2");
  let readings: Reading[] = [];
  let lossCode = 0;

  const push = (field: string, code: number, value: () => number, name = device) => {
    if (isLoss(code)) lossCode ||= code;
    readings.push(
      reading(name, fields.get(field)!, code === 0 ? value() : null, nvmlReason(code)),
    );
  };
  const word = () => view.getUint32(0, true);
  const long = () => Number(view.getBigUint64(0, true));
  const one = (field: string, symbol: string, factor: number, ...args: number[]) =>
    push(field, nvml.call(symbol, handle, ...args, out), () => scaled(word(), factor));
  const percent = (field: string, symbol: string) =>
    push(field, nvml.call(symbol, handle, out, other[0]), () => word() / 100);

  const memoryOf = (of: bigint, name: string) => {
    let code = FUNCTION_NOT_FOUND;
    if (hasMemoryV2) {
      memoryView.setUint32(0, layout.structVersion(layout.MEMORY_V2.size, 2), true);
      code = nvml.call("nvmlDeviceGetMemoryInfo_v2", of, memory);
      if (code === FUNCTION_NOT_FOUND) hasMemoryV2 = false;
    }
    const v2 = code !== FUNCTION_NOT_FOUND;
    if (!v2) code = nvml.call("nvmlDeviceGetMemoryInfo", of, memory);
    const at = v2 ? layout.MEMORY_V2 : layout.MEMORY_V1;
    const bytes = (offset: number) => () => Number(memoryView.getBigUint64(offset, true));
    push("memory_total_bytes", code, bytes(at.total), name);
    push("memory_used_bytes", code, bytes(at.used), name);
    push("memory_free_bytes", code, bytes(at.free), name);
    push(
      "memory_reserved_bytes",
      v2 ? code : FUNCTION_NOT_FOUND,
      bytes(layout.MEMORY_V2.reserved),
      name,
    );
  };

  /** A value of `nvmlDeviceGetFieldValues`, whatever number type the driver chose. */
  const fieldValue = (field: string, id: number, factor: number) => {
    const { fieldId, valueType, nvmlReturn, value } = layout.FIELD_VALUE;
    values.fill(0);
    valuesView.setUint32(fieldId, id, true);
    const called = nvml.call("nvmlDeviceGetFieldValues", handle, 1, values);
    const code = called !== 0 ? called : valuesView.getUint32(nvmlReturn, true);
    push(field, code, () => {
      const types = layout.VALUE_TYPES;
      const type = valuesView.getUint32(valueType, true);
      if (type === types.double) return valuesView.getFloat64(value, true) * factor;
      if (type === types.unsignedInt) return scaled(valuesView.getUint32(value, true), factor);
      if (type === types.signedInt) return valuesView.getInt32(value, true) * factor;
      return Number(valuesView.getBigUint64(value, true)) * factor;
    });
  };

  const migInstances = () => {
    const code = nvml.call("nvmlDeviceGetMigMode", handle, out, other[0]);
    push("mig_mode_flag", code, word);
    if (code !== 0 || word() !== 1) return;
    if (nvml.call("nvmlDeviceGetMaxMigDeviceCount", handle, out) !== 0) return;
    const most = word();
    for (let i = 0; i < most; i++) {
      if (nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", handle, i, out) !== 0) continue;
      memoryOf(view.getBigUint64(0, true), `${device}/MIG-${i}`);
    }
  };

  const processesOf = () => {
    view.setUint32(0, MOST_PROCESSES, true);
    const code = nvml.call("nvmlDeviceGetComputeRunningProcesses_v3", handle, out, processes);
    const known = code === 0 || code === INSUFFICIENT_SIZE;
    const definition = { field: "processes", unit: "count", type: "gauge" } as const;
    readings.push(reading(device, definition, known ? word() : null, nvmlReason(code)));
    if (code !== 0) return;
    for (let i = 0; i < Math.min(word(), MOST_PROCESSES); i++) {
      const at = i * layout.PROCESS_INFO.size;
      const used = processView.getBigUint64(at + layout.PROCESS_INFO.usedGpuMemory, true);
      readings.push(reading(
        `${device}/pid-${processView.getUint32(at + layout.PROCESS_INFO.pid, true)}`,
        { field: "memory_used_bytes", unit: "bytes", type: "gauge" },
        used === layout.NOT_AVAILABLE ? null : Number(used),
        "not available on this GPU",
      ));
    }
  };

  const collect = (body: () => void): DeviceReadings => {
    readings = [];
    lossCode = 0;
    body();
    return { readings, lossCode };
  };

  return {
    fast: () =>
      collect(() => {
        const used = nvml.call("nvmlDeviceGetUtilizationRates", handle, out);
        push("utilization_ratio", used, () => view.getUint32(layout.UTILIZATION.gpu, true) / 100);
        push(
          "memory_busy_ratio",
          used,
          () => view.getUint32(layout.UTILIZATION.memory, true) / 100,
        );
        memoryOf(handle, device);
        one("power_watts", "nvmlDeviceGetPowerUsage", 1e-3);
        push(
          "energy_joules",
          nvml.call("nvmlDeviceGetTotalEnergyConsumption", handle, out),
          () => long() / 1000,
        );
        one("sm_clock_hertz", "nvmlDeviceGetClockInfo", 1e6, 1);
        one("memory_clock_hertz", "nvmlDeviceGetClockInfo", 1e6, 2);
        const reasons = nvml.call("nvmlDeviceGetCurrentClocksEventReasons", handle, out);
        push(
          "clock_event_reasons",
          reasons === FUNCTION_NOT_FOUND
            ? nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", handle, out)
            : reasons,
          long,
        );
      }),
    slow: () =>
      collect(() => {
        percent("encoder_busy_ratio", "nvmlDeviceGetEncoderUtilization");
        percent("decoder_busy_ratio", "nvmlDeviceGetDecoderUtilization");
        one("power_limit_watts", "nvmlDeviceGetEnforcedPowerLimit", 1e-3);
        fieldValue("power_instant_watts", POWER_INSTANT, 1e-3);
        one("temperature_celsius", "nvmlDeviceGetTemperature", 1, 0);
        fieldValue("memory_temperature_celsius", MEMORY_TEMPERATURE, 1);
        one("fan_ratio", "nvmlDeviceGetFanSpeed", 0.01);
        for (const [name, type] of CLOCKS) {
          if (name === "graphics" || name === "video") {
            one(`${name}_clock_hertz`, "nvmlDeviceGetClockInfo", 1e6, type);
          } else one(`${name}_clock_max_hertz`, "nvmlDeviceGetMaxClockInfo", 1e6, type);
        }
        one("performance_state", "nvmlDeviceGetPerformanceState", 1);
        for (const [field, policy] of VIOLATIONS) {
          push(
            field,
            nvml.call("nvmlDeviceGetViolationStatus", handle, policy, out),
            () => Number(view.getBigUint64(layout.VIOLATION_TIME.violationTime, true)) / 1e9,
          );
        }
        one("pcie_replays", "nvmlDeviceGetPcieReplayCounter", 1);
        one("link_generation", "nvmlDeviceGetCurrPcieLinkGeneration", 1);
        one("link_generation_max", "nvmlDeviceGetMaxPcieLinkGeneration", 1);
        one("link_width_lanes", "nvmlDeviceGetCurrPcieLinkWidth", 1);
        one("link_width_max_lanes", "nvmlDeviceGetMaxPcieLinkWidth", 1);
        for (const [kind, error] of [["corrected", 0], ["uncorrected", 1]] as const) {
          for (const [scope, counter] of [["", 0], ["lifetime_", 1]] as const) {
            push(
              `ecc_${scope}${kind}_errors`,
              nvml.call("nvmlDeviceGetTotalEccErrors", handle, error, counter, out),
              long,
            );
          }
        }
        for (const [field, cause] of [["single_bit", 0], ["double_bit", 1]] as const) {
          out.fill(0);
          const code = nvml.call("nvmlDeviceGetRetiredPages", handle, cause, out, 0n);
          // Asked with room for none, the count comes with a complaint about the room.
          push(`retired_pages_${field}`, code === INSUFFICIENT_SIZE ? 0 : code, word);
        }
        one("retired_pages_pending_flag", "nvmlDeviceGetRetiredPagesPendingStatus", 1);
        const rows = nvml.call("nvmlDeviceGetRemappedRows", handle, out, ...other);
        const cell = (bytes: Uint8Array) => () => new DataView(bytes.buffer).getUint32(0, true);
        push("remapped_rows_correctable", rows, word);
        push("remapped_rows_uncorrectable", rows, cell(other[0]));
        push("remapped_rows_pending_flag", rows, cell(other[1]));
        push("remapped_rows_failure_flag", rows, cell(other[2]));
        migInstances();
        processesOf();
      }),
    noThroughput: () =>
      ["pcie_tx_bytes_per_second", "pcie_rx_bytes_per_second"].map((field) =>
        reading(
          device,
          fields.get(field)!,
          null,
          "NVML measures it for 20 ms and this runtime has no other thread for that",
        )
      ),
    throughput: () => {
      if (!nvml.library.threads || !nvml.library.has("nvmlDeviceGetPcieThroughput")) return null;
      const read = async (field: string, counter: number): Promise<Reading> => {
        const bytes = new Uint8Array(4);
        const args = [handle, counter, bytes];
        const code = await nvml.library.callBlocking("nvmlDeviceGetPcieThroughput", args);
        const kilobytes = new DataView(bytes.buffer).getUint32(0, true);
        const value = code === 0 ? kilobytes * 1000 : null;
        return reading(device, fields.get(field)!, value, nvmlReason(code));
      };
      // One after the other: the two directions share the measuring window.
      return read("pcie_tx_bytes_per_second", 0).then(async (tx) => [
        tx,
        await read("pcie_rx_bytes_per_second", 1),
      ]);
    },
  };
}
