import table from "./fields.tsv" with { type: "text" };

/**
 * One counter or gauge of a GPU and its name on each path: `nvidia-smi --query-gpu`, `-q -x`, `-q`, `dmon`
 * and DCGM. Whichever path was used, field, unit and reasons are the same.
 */
export interface GpuField {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  /** Unit in which NVIDIA's tools print it when they leave the unit away. */
  readonly printed: string;
  readonly csv: readonly string[];
  /** Alternatives; each is a sum of paths below `<gpu>`, since newer drivers print parts of a total. */
  readonly xml: readonly (readonly string[])[];
  readonly text: readonly (readonly string[])[];
  readonly dmon: readonly string[];
  /** DCGM field names without `DCGM_FI_`. */
  readonly dcgm: readonly string[];
}

const alternatives = (cell: string) => cell === "" ? [] : cell.split("|");

/** The table of all GPU fields (`fields.tsv`), read anew by each caller that keeps it. */
export function gpuFields(): GpuField[] {
  return table.trim().split("\n").slice(1).map((line) => {
    const [field, unit, type, printed, csv, xml, text, dmon, dcgm] = line.split("\t");
    return {
      field,
      unit,
      type: type as GpuField["type"],
      printed,
      csv: alternatives(csv),
      xml: alternatives(xml).map((sum) => sum.split("+")),
      text: alternatives(text).map((sum) => sum.split("+")),
      dmon: alternatives(dmon),
      dcgm: alternatives(dcgm),
    };
  });
}

/** The fields by name. */
export function gpuFieldIndex(): ReadonlyMap<string, GpuField> {
  return new Map(gpuFields().map((field) => [field.field, field]));
}
