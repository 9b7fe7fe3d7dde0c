/**
 * Sizes and offsets of the structures of nvml.h (versions 12 and 13, 64-bit). Only fields that are read
 * stand here. A test compiles the same structures with a C compiler and compares.
 */
export const UTILIZATION = { size: 8, gpu: 0, memory: 4 } as const;
export const MEMORY_V1 = { size: 24, total: 0, free: 8, used: 16 } as const;
export const MEMORY_V2 = {
  size: 40,
  version: 0,
  total: 8,
  reserved: 16,
  free: 24,
  used: 32,
} as const;
export const PCI_INFO = { size: 68, busId: 36, busIdBytes: 32 } as const;
export const PROCESS_INFO = { size: 24, pid: 0, usedGpuMemory: 8 } as const;
export const FIELD_VALUE = {
  size: 40,
  fieldId: 0,
  valueType: 24,
  nvmlReturn: 28,
  value: 32,
} as const;
export const VIOLATION_TIME = { size: 16, violationTime: 8 } as const;
export const GPM_SUPPORT = { size: 8, version: 0, isSupportedDevice: 4 } as const;
/** The array at the end is as long as the header says; the library writes `numMetrics` entries of it. */
export const GPM_METRICS_GET = {
  headSize: 24,
  version: 0,
  numMetrics: 4,
  sample1: 8,
  sample2: 16,
} as const;
export const GPM_METRIC = { size: 40, metricId: 0, nvmlReturn: 4, value: 8 } as const;

/** `NVML_STRUCT_VERSION`: size and version of a structure in one word. */
export function structVersion(size: number, version: number): number {
  return size | (version << 24);
}

/** Kinds of a field's value (`nvmlValueType_t`). */
export const VALUE_TYPES = {
  double: 0,
  unsignedInt: 1,
  unsignedLong: 2,
  unsignedLongLong: 3,
  signedLongLong: 4,
  signedInt: 5,
  unsignedShort: 6,
} as const;

/** Value of memory that Windows manages, or that cannot be told. */
export const NOT_AVAILABLE = 0xffffffffffffffffn;
