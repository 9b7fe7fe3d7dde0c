/** Embodied carbon from how a part is made, for parts without a published figure. */

/**
 * Logic per area, ACT (F17): (fab intensity x energy per area + gases + material) / yield, g/cm2.
 *
 * @param fabGramsPerKwh Grid of the fab, g/kWh.
 * @param kwhPerCm2 Fab energy, kWh/cm2.
 */
export function actGramsPerCm2(
  fabGramsPerKwh: number,
  kwhPerCm2: number,
  gasGramsPerCm2: number,
  materialGramsPerCm2: number,
  yieldRatio: number,
): number {
  return (fabGramsPerKwh * kwhPerCm2 + gasGramsPerCm2 + materialGramsPerCm2) / yieldRatio;
}

/** ACT adds 150 g for every packaged IC. */
export const ACT_PACKAGE_GRAMS = 150;

/** A packaged chip by ACT: area x g/cm2 and the packages. */
export function actChipGrams(areaCm2: number, gramsPerCm2: number, packages = 0): number {
  return areaCm2 * gramsPerCm2 + packages * ACT_PACKAGE_GRAMS;
}

/** Memory or drive by ACT: g/GB x GB; ACT divides its g/GB by the yield as well. */
export function actMemoryGrams(gramsPerGb: number, gigabytes: number, yieldRatio = 1): number {
  return gramsPerGb / yieldRatio * gigabytes;
}

/** SSD by die area, Boavizta after UBA 2021 (F18): kg = GB / density x 2.20 + 6.34. */
export function boaviztaSsdKg(gigabytes: number, gbPerCm2: number): number {
  return gigabytes / gbPerCm2 * 2.20 + 6.34;
}

/** One RAM module by die area, Boavizta after UBA 2021 (F18): kg = GB / density x 2.20 + 5.22. */
export function boaviztaRamModuleKg(gigabytes: number, gbPerCm2: number): number {
  return gigabytes / gbPerCm2 * 2.20 + 5.22;
}

/** HDD, UBA 2021 (F18): 31.11 kg a drive, whatever it holds. */
export const BOAVIZTA_HDD_KG = 31.11;

/**
 * Embodied grams a GB of a drive whose carbon comes by the drive: derived from the real capacity, never
 * a constant a GB.
 */
export function gramsPerGbOfDrive(driveKg: number, capacityGb: number): number {
  return driveKg * 1000 / capacityGb;
}

export interface HostShape {
  readonly sockets: number;
  readonly dramGb: number;
  readonly gpus: number;
  readonly ssds: number;
  readonly hdds?: number;
}

/**
 * A host by the rules of Cloud Carbon Footprint (E20), kg: 1000 for one socket, 100 for each more
 * SOCKET (not vCPU), 533/384 a GB of DRAM above 16, 150 a GPU, 100 an SSD, 50 an HDD.
 */
export function ccfHostKg(host: HostShape): number {
  return 1000 + 100 * (host.sockets - 1) + Math.max(0, host.dramGb - 16) * 533 / 384 +
    150 * host.gpus + 100 * host.ssds + 50 * (host.hdds ?? 0);
}

/**
 * LLM inference by EcoLogits (F19): GPU kWh a generated token.
 *
 * @param activeBillions Active parameters in 10^9.
 * @param batch Requests in the batch.
 */
export function ecologitsGpuKwhPerToken(activeBillions: number, batch: number): number {
  return (1.1665e-6 * Math.exp(-0.01121 * batch) * activeBillions + 4.0529e-5) / 1000;
}

/** Server share of EcoLogits (F19), kWh a request: latency x 1.2 kW x GPUs/8 / batch. */
export function ecologitsServerKwh(latencySeconds: number, gpus: number, batch: number): number {
  return latencySeconds / 3600 * 1.2 * gpus / 8 / batch;
}
