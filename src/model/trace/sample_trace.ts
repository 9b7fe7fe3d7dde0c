import type { SampleSet } from "./io.ts";
import type { Trace } from "./trace.ts";

/** A file of a data set: so many samples of equal size, or their sizes. */
export interface SampleFile {
  readonly name: string;
  readonly bytes: number;
  readonly samples: number;
}

/** A data set as a trace: a row a sample, in the order of the files. Sizes of a packed file differ by a byte at most. */
export function sampleTrace(
  name: string,
  format: string,
  files: readonly SampleFile[],
  samples: SampleSet,
  keepNames: boolean,
): Trace<"io"> {
  const count = files.reduce((sum, f) => sum + f.samples, 0);
  const columns = {
    kind: "io" as const,
    count,
    timeNs: new Float64Array(count).fill(NaN),
    op: new Uint8Array(count),
    offsetBytes: new Float64Array(count),
    lengthBytes: new Float64Array(count),
    file: new Int32Array(count),
  };
  let at = 0;
  files.forEach((f, i) => {
    for (let k = 0; k < f.samples; k++) {
      const from = Math.floor(k * f.bytes / f.samples);
      columns.offsetBytes[at] = from;
      columns.lengthBytes[at] = Math.floor((k + 1) * f.bytes / f.samples) - from;
      columns.file[at++] = i;
    }
  });
  return {
    kind: "io",
    name,
    format,
    sha256: null,
    rows: count,
    meta: { files: keepNames ? files.map((f) => f.name) : [], samples },
    notes: [],
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}
