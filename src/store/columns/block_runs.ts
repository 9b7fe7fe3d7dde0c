/**
 * Lists of dense block ids as runs `start, count, start, count, ...`. Ids are given in order of first
 * appearance, so a prompt's new blocks are one run and its reused prefix a few: 94 million references of
 * agent sessions become a few million runs.
 */

export interface Lists {
  readonly offsets: Uint32Array;
  readonly values: Uint32Array;
}

/** Runs of each list; lists keep their order. */
export function encodeRuns(offsets: Uint32Array, ids: Uint32Array): Lists {
  const count = offsets.length - 1;
  const outOffsets = new Uint32Array(count + 1);
  let values = new Uint32Array(Math.max(16, 4 * count));
  let at = 0;
  for (let i = 0; i < count; i++) {
    outOffsets[i] = at;
    const end = offsets[i + 1];
    let j = offsets[i];
    while (j < end) {
      const start = ids[j];
      let length = 1;
      while (j + length < end && ids[j + length] === start + length) length++;
      if (at + 2 > values.length) {
        const grown = new Uint32Array(2 * values.length);
        grown.set(values);
        values = grown;
      }
      values[at++] = start;
      values[at++] = length;
      j += length;
    }
  }
  outOffsets[count] = at;
  return { offsets: outOffsets, values: values.subarray(0, at) };
}

/** The ids that runs stand for. */
export function decodeRuns(runs: Lists): Lists {
  const count = runs.offsets.length - 1;
  let total = 0;
  for (let k = 1; k < runs.values.length; k += 2) total += runs.values[k];
  const offsets = new Uint32Array(count + 1);
  const values = new Uint32Array(total);
  let at = 0;
  for (let i = 0; i < count; i++) {
    offsets[i] = at;
    for (let k = runs.offsets[i]; k < runs.offsets[i + 1]; k += 2) {
      const start = runs.values[k];
      const length = runs.values[k + 1];
      for (let n = 0; n < length; n++) values[at++] = start + n;
    }
  }
  offsets[count] = at;
  return { offsets, values };
}
