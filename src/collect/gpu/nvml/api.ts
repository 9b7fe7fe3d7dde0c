import {
  type NativeArgument,
  type NativeLibrary,
  type NativeSignature,
  type NativeType,
  openLibrary,
  textOfC,
} from "../../../runtime/ffi/library.ts";
import { FUNCTION_NOT_FOUND, nvmlReason } from "./errors.ts";
import { PCI_INFO } from "./layout.ts";

const of = (...parameters: NativeType[]): NativeSignature => ({ parameters });
const device = (...rest: NativeType[]) => of("u64", ...rest);

/** The functions that are used; those of newer drivers may be missing. */
const SIGNATURES: Readonly<Record<string, NativeSignature>> = {
  nvmlInit_v2: of(),
  nvmlShutdown: of(),
  nvmlSystemGetDriverVersion: of("buffer", "u32"),
  nvmlDeviceGetCount_v2: of("buffer"),
  nvmlDeviceGetHandleByIndex_v2: of("u32", "buffer"),
  nvmlDeviceGetName: device("buffer", "u32"),
  nvmlDeviceGetPciInfo_v3: device("buffer"),
  nvmlDeviceGetUtilizationRates: device("buffer"),
  nvmlDeviceGetEncoderUtilization: device("buffer", "buffer"),
  nvmlDeviceGetDecoderUtilization: device("buffer", "buffer"),
  nvmlDeviceGetMemoryInfo: device("buffer"),
  nvmlDeviceGetMemoryInfo_v2: device("buffer"),
  nvmlDeviceGetPowerUsage: device("buffer"),
  nvmlDeviceGetEnforcedPowerLimit: device("buffer"),
  nvmlDeviceGetTotalEnergyConsumption: device("buffer"),
  nvmlDeviceGetTemperature: device("u32", "buffer"),
  nvmlDeviceGetFanSpeed: device("buffer"),
  nvmlDeviceGetClockInfo: device("u32", "buffer"),
  nvmlDeviceGetMaxClockInfo: device("u32", "buffer"),
  nvmlDeviceGetPerformanceState: device("buffer"),
  nvmlDeviceGetCurrentClocksEventReasons: device("buffer"),
  nvmlDeviceGetCurrentClocksThrottleReasons: device("buffer"),
  nvmlDeviceGetViolationStatus: device("u32", "buffer"),
  nvmlDeviceGetPcieThroughput: { parameters: ["u64", "u32", "buffer"], blocking: true },
  nvmlDeviceGetPcieReplayCounter: device("buffer"),
  nvmlDeviceGetCurrPcieLinkGeneration: device("buffer"),
  nvmlDeviceGetMaxPcieLinkGeneration: device("buffer"),
  nvmlDeviceGetCurrPcieLinkWidth: device("buffer"),
  nvmlDeviceGetMaxPcieLinkWidth: device("buffer"),
  nvmlDeviceGetTotalEccErrors: device("u32", "u32", "buffer"),
  nvmlDeviceGetRetiredPages: device("u32", "buffer", "u64"),
  nvmlDeviceGetRetiredPagesPendingStatus: device("buffer"),
  nvmlDeviceGetRemappedRows: device("buffer", "buffer", "buffer", "buffer"),
  nvmlDeviceGetMigMode: device("buffer", "buffer"),
  nvmlDeviceGetMaxMigDeviceCount: device("buffer"),
  nvmlDeviceGetMigDeviceHandleByIndex: device("u32", "buffer"),
  nvmlDeviceGetComputeRunningProcesses_v3: device("buffer", "buffer"),
  nvmlDeviceGetFieldValues: device("i32", "buffer"),
  nvmlGpmQueryDeviceSupport: device("buffer"),
  nvmlGpmSampleAlloc: of("buffer"),
  nvmlGpmSampleFree: of("u64"),
  nvmlGpmSampleGet: device("u64"),
  nvmlGpmMetricsGet: of("buffer"),
};

/** Places where the library lies when it is not on the search path: WSL has it beside the Windows driver. */
const NAMES = ["libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"];

/** A GPU as NVML numbers it. */
export interface NvmlDevice {
  /** `GPU-0`: the index of nvidia-smi. */
  readonly device: string;
  readonly handle: bigint;
  readonly name: string | null;
  readonly busId: string | null;
}

/** NVML, loaded and initialised. */
export interface Nvml {
  readonly library: NativeLibrary;
  /** The return code; 13 (function not found) for a function that the library lacks. */
  call(symbol: string, ...args: NativeArgument[]): number;
  driverVersion(): string | null;
  devices(): { readonly devices: readonly NvmlDevice[]; readonly reason: string | null };
  /** Ends and begins anew: after a reset or a new driver. @returns the reason when that fails. */
  restart(): string | null;
  close(): void;
}

/** NVML, or in which way it cannot be had. */
export type NvmlOpened = { readonly nvml: Nvml } | {
  readonly status: "absent" | "denied";
  readonly reason: string;
};

function failure(problem: string): NvmlOpened {
  if (/permission|allow-ffi|PermissionDenied|NotCapable/i.test(problem)) {
    return { status: "denied", reason: "this runtime may not load libraries (--allow-ffi)" };
  }
  return {
    status: "absent",
    reason: /cannot open shared object|No such file/i.test(problem)
      ? "libnvidia-ml.so.1 is not installed"
      : `libnvidia-ml.so.1 cannot be loaded: ${problem}`,
  };
}

/**
 * Loads and initialises NVML.
 *
 * @param path Library to load instead of the system's.
 */
export async function openNvml(path: string | undefined): Promise<NvmlOpened> {
  let problem = "";
  for (const name of path === undefined ? NAMES : [path]) {
    const opened = await openLibrary(name, SIGNATURES);
    if ("problem" in opened) {
      problem ||= opened.problem;
      continue;
    }
    const { library } = opened;
    if (!library.has("nvmlInit_v2")) {
      library.close();
      return { status: "absent", reason: `${name} is no NVML: it has no nvmlInit_v2` };
    }
    const code = library.call("nvmlInit_v2", []);
    if (code !== 0) {
      library.close();
      const status = code === 4 ? "denied" : "absent";
      return { status, reason: nvmlReason(code)! };
    }
    return { nvml: bind(library) };
  }
  return failure(problem);
}

function bind(library: NativeLibrary): Nvml {
  const call: Nvml["call"] = (symbol, ...args) =>
    library.has(symbol) ? library.call(symbol, args) : FUNCTION_NOT_FOUND;
  const text = (symbol: string, handle: bigint): string | null => {
    const bytes = new Uint8Array(96);
    return call(symbol, handle, bytes, bytes.length) === 0 ? textOfC(bytes) : null;
  };
  return {
    library,
    call,
    driverVersion: () => {
      const bytes = new Uint8Array(80);
      return call("nvmlSystemGetDriverVersion", bytes, bytes.length) === 0 ? textOfC(bytes) : null;
    },
    devices: () => {
      const count = new Uint8Array(4);
      const counted = call("nvmlDeviceGetCount_v2", count);
      if (counted !== 0) return { devices: [], reason: nvmlReason(counted) };
      const devices: NvmlDevice[] = [];
      let reason: string | null = null;
      for (let i = 0; i < new DataView(count.buffer).getUint32(0, true); i++) {
        const out = new Uint8Array(8);
        const code = call("nvmlDeviceGetHandleByIndex_v2", i, out);
        if (code !== 0) {
          // The others are still read.
          reason ??= `GPU-${i}: ${nvmlReason(code)}`;
          continue;
        }
        const handle = new DataView(out.buffer).getBigUint64(0, true);
        const pci = new Uint8Array(PCI_INFO.size);
        const named = call("nvmlDeviceGetPciInfo_v3", handle, pci) === 0;
        devices.push({
          device: `GPU-${i}`,
          handle,
          name: text("nvmlDeviceGetName", handle),
          busId: named
            ? textOfC(pci.subarray(PCI_INFO.busId, PCI_INFO.busId + PCI_INFO.busIdBytes))
            : null,
        });
      }
      return { devices, reason };
    },
    restart: () => {
      call("nvmlShutdown");
      return nvmlReason(call("nvmlInit_v2"));
    },
    close: () => {
      call("nvmlShutdown");
      library.close();
    },
  };
}
