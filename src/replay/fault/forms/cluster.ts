/** Arithmetic between failure counts, rates and what they waste. */

export interface FailureRates {
  readonly mtbfHours: number;
  readonly gpuHoursPerFailure: number;
  readonly perNodeDay: number;
  readonly perGpuDay: number;
}

/** Rates of a job of `gpus` that met `failures` in `days`. */
export function failureRates(
  gpus: number,
  gpusPerNode: number,
  days: number,
  failures: number,
): FailureRates {
  return {
    mtbfHours: days * 24 / failures,
    gpuHoursPerFailure: gpus * days * 24 / failures,
    perNodeDay: failures / days / (gpus / gpusPerNode),
    perGpuDay: failures / days / gpus,
  };
}

/** Mean time between failures of a job, 24 / (N r_f) hours. */
export function mttfHours(nodes: number, failuresPerNodeDay: number): number {
  return 24 / (nodes * failuresPerNodeDay);
}

/** GPU-hours of a run that were not useful: gpus x hours x (1 - goodput). */
export function wastedGpuHours(gpus: number, hours: number, goodput: number): number {
  return gpus * hours * (1 - goodput);
}

/** GPU-hours lost to `failures` that each roll back half an interval and restart. */
export function gpuHoursLost(
  failures: number,
  intervalHours: number,
  restartHours: number,
  gpus: number,
): number {
  return failures * (intervalHours / 2 + restartHours) * gpus;
}

/** Days that `flops` take on GPUs that sustain `teraflops` each. */
export function idealDays(flops: number, teraflops: number, gpus: number): number {
  return flops / (teraflops * 1e12 * gpus * 86_400);
}
