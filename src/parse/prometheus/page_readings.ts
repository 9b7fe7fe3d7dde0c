import { dcgmReadings } from "../gpu/dcgm.ts";
import { gpuFields } from "../gpu/fields.ts";
import { type Reading, reading } from "../reading.ts";
import { deviceOfSample, fieldOfSample, isTargetLabel, unitOfName } from "./series.ts";
import { isCounter, type PromPage } from "./text.ts";

/** Readings of a page by the source they belong to. */
export interface PageReadings {
  /** GPU fields of dcgm-exporter under our names. */
  readonly dcgm: readonly Reading[];
  /** Everything else under its own name, the labels as the device. */
  readonly rest: readonly Reading[];
}

/**
 * What a scraped page says. Labels that only name the target (host, instance, UUID) are dropped, so that a
 * series survives a restart and no name of a machine is kept.
 *
 * @param machines Machines of the endpoint's earlier pages; see {@link dcgmReadings}.
 */
export function pageReadings(page: PromPage, machines: string[] = []): PageReadings {
  const { readings: dcgm, used } = dcgmReadings(page, gpuFields(), machines);
  const rest: Reading[] = [];
  const seen = new Set<string>();
  for (const sample of page.samples) {
    if (used.has(sample.name) && (sample.labels.gpu ?? sample.labels.GPU) !== undefined) continue;
    const labels = Object.fromEntries(
      Object.entries(sample.labels).filter(([name]) =>
        !isTargetLabel(name) || name === "device" && !sample.name.startsWith("DCGM_")
      ),
    );
    const plain = { ...sample, labels };
    const field = fieldOfSample(plain);
    let device = deviceOfSample(plain);
    // Two series that differ only in a dropped label keep all of theirs.
    if (seen.has(`${field} ${device}`)) device = deviceOfSample(sample);
    seen.add(`${field} ${device}`);
    const type = isCounter(page, sample.name) ? "counter" : "gauge";
    const known = Number.isFinite(sample.value);
    rest.push(reading(
      device,
      { field, unit: unitOfName(sample.name), type },
      known ? sample.value : null,
      known ? null : `the endpoint says ${sample.text}`,
    ));
  }
  return { dcgm, rest };
}
