import { kwhOfJoules } from "./units.ts";

/**
 * Energy at the facility's meter (F3): PUE applies once, and to IT energy only.
 *
 * @throws {RangeError} when `pue` is below 1.
 */
export function facilityEnergy(itEnergy: number, pue: number): number {
  if (!(pue >= 1)) throw new RangeError(`PUE must be at least 1, not ${pue}`);
  return itEnergy * pue;
}

/** Operational carbon of a constant grid intensity (F4): grams from IT joules. */
export function operationalGrams(itJoules: number, pue: number, gramsPerKwh: number): number {
  return facilityEnergy(kwhOfJoules(itJoules), pue) * gramsPerKwh;
}

/**
 * Operational carbon slot by slot (F4): sum of energy times intensity, never the product of the means.
 *
 * @param itKwh IT energy of each slot, kWh.
 * @param gramsPerKwh Intensity of the same slots.
 * @throws {RangeError} when the lengths differ.
 */
export function operationalGramsBySlot(
  itKwh: ArrayLike<number>,
  gramsPerKwh: ArrayLike<number>,
  pue: number,
): number {
  if (itKwh.length !== gramsPerKwh.length) {
    throw new RangeError(`${itKwh.length} slots of energy but ${gramsPerKwh.length} of intensity`);
  }
  let grams = 0;
  for (let i = 0; i < itKwh.length; i++) grams += facilityEnergy(itKwh[i], pue) * gramsPerKwh[i];
  return grams;
}

/** A rate over a functional unit; null when nothing was produced (0 units have no rate). */
export function perFunctionalUnit(total: number, units: number): number | null {
  return units > 0 ? total / units : null;
}

/** Software Carbon Intensity, ISO/IEC 21031:2024 (F5): (O + M) / R, grams a functional unit. */
export function sci(
  operational: number,
  embodied: number,
  functionalUnits: number,
): number | null {
  return perFunctionalUnit(operational + embodied, functionalUnits);
}

/** SCI over several periods or parts (F6): the sum of carbon over the sum of units. */
export function aggregateSci(
  parts: readonly { readonly grams: number; readonly functionalUnits: number }[],
): number | null {
  let grams = 0;
  let units = 0;
  for (const part of parts) {
    grams += part.grams;
    units += part.functionalUnits;
  }
  return perFunctionalUnit(grams, units);
}

/**
 * Water (E18): on-site water follows IT energy (WUE is litres a kWh of IT), the water of electricity
 * follows facility energy. PUE is inside once.
 */
export function waterLitres(
  itKwh: number,
  pue: number,
  wueLitresPerItKwh: number,
  gridLitresPerKwh: number,
): number {
  return itKwh * wueLitresPerItKwh + facilityEnergy(itKwh, pue) * gridLitresPerKwh;
}
