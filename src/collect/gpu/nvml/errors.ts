/**
 * What each return code of NVML means (`nvmlReturn_t`). Reasons of missing values are worded as those that
 * nvidia-smi's spellings become, so that both paths say the same.
 */
const REASONS: Readonly<Record<number, string>> = {
  1: "NVML is not initialised",
  2: "NVML refuses the argument",
  3: "not available on this GPU",
  4: "insufficient permissions: root is needed",
  5: "NVML was initialised already",
  6: "not found",
  7: "NVML needs a larger buffer",
  8: "the power cables of the GPU are not attached",
  9: "the NVIDIA driver is not loaded",
  10: "the driver did not answer in time",
  11: "the kernel found an interrupt problem with the GPU",
  12: "libnvidia-ml.so is missing",
  13: "this driver does not have it",
  14: "the infoROM of the GPU is damaged",
  15: "the GPU is lost",
  16: "the GPU requires a reset",
  17: "the operating system blocks the GPU (cgroups)",
  18: "driver and library versions differ (a driver was updated without a reboot)",
  19: "the GPU is in use",
  20: "the driver has no memory left",
  21: "the driver has no data yet",
  22: "not available on a virtual GPU with ECC",
  23: "the driver has no resources left",
  24: "the frequency is not supported",
  25: "this driver does not know the version of the structure",
  26: "the driver has deprecated it",
  27: "the GPU is not ready",
  28: "the GPU is not there",
  29: "the GPU is in a state that does not allow it",
  999: "the driver reports an unknown error",
};

/** The reason of a code; 0 is success and has none. */
export function nvmlReason(code: number): string | null {
  return code === 0 ? null : REASONS[code] ?? `NVML returns ${code}`;
}

/** Codes after which nothing of the GPU can be read until it or the driver comes back. */
export function isLoss(code: number): boolean {
  return code === 1 || code === 9 || code === 15 || code === 16 || code === 18 || code === 28;
}

export const NOT_SUPPORTED = 3;
export const INSUFFICIENT_SIZE = 7;
export const FUNCTION_NOT_FOUND = 13;
