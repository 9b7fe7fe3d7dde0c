import type { SampleSeries } from "../../model/trace/samples.ts";
import { createSpoolFile, type SpoolFile } from "../../runtime/spool_file.ts";
import {
  encodeJsonRecord,
  encodeRecord,
  MISSING_HIGH_WORD,
  RECORD_TYPES,
  SPOOL_MAGIC,
} from "./codec.ts";
import type { SpoolFooter, SpoolHeader, SpoolMark, SpoolState } from "./records.ts";

/** Writes a run's samples as they come. Only values that changed since their last reading take space. */
export interface SpoolWriter {
  size(): number;
  /**
   * Ends this file with the footer and goes on in a new one: numbers of series and reasons stay valid. Times
   * given from now on are from the same start; in the new file they count from `offsetNs`.
   */
  rotate(
    path: string,
    header: SpoolHeader,
    offsetNs: number,
    footer: SpoolFooter,
  ): Promise<boolean>;
  /** Number of a series; the same source, device and field give the same number. */
  series(definition: SampleSeries): number;
  reason(text: string): number;
  /**
   * One reading of several series at one time. `reasons[i]` is -1 when `values[i]` is known.
   * Only the first `count` entries are read.
   */
  frame(
    timeNs: number,
    series: readonly number[],
    values: readonly number[],
    reasons: readonly number[],
    count: number,
  ): void;
  mark(mark: SpoolMark): void;
  state(state: SpoolState): void;
  flush(): void;
  problem(): string | null;
  lost(): boolean;
  /** Writes the footer and closes; resolves to whether everything reached the disk. */
  close(footer: SpoolFooter): Promise<boolean>;
}

interface Shape {
  readonly number: number;
  readonly series: readonly number[];
}

/** A file that begins with the magic and the header. */
function openFile(path: string, header: SpoolHeader): SpoolFile {
  const first = encodeJsonRecord(RECORD_TYPES.header, header);
  const opening = new Uint8Array(SPOOL_MAGIC.length + first.length);
  opening.set(SPOOL_MAGIC);
  opening.set(first, SPOOL_MAGIC.length);
  return createSpoolFile(path, opening);
}

/** Creates the spool; its header is on disk when this returns. @throws when the file cannot be created. */
export function createSpool(path: string, header: SpoolHeader): SpoolWriter {
  let file: SpoolFile = openFile(path, header);
  let offsetNs = 0;
  const definitions: SampleSeries[] = [];
  const reasonTexts: string[] = [];
  const seriesNumbers = new Map<string, number>();
  const reasonNumbers = new Map<string, number>();
  let shapes = new Map<string, Shape>();
  let recentShapes: Shape[] = [];
  // Bits of the last value of each series, as two words; a series never written has `known` 0.
  let lastWords = new Uint32Array(1024);
  let known = new Uint8Array(512);
  const scratch = new DataView(new ArrayBuffer(8));

  const shapeOf = (series: readonly number[], count: number): Shape => {
    for (const shape of recentShapes) {
      if (shape.series.length !== count) continue;
      let same = true;
      for (let i = 0; i < count && same; i++) same = shape.series[i] === series[i];
      if (same) return shape;
    }
    const list = series.slice(0, count);
    const key = list.join(",");
    let shape = shapes.get(key);
    if (shape === undefined) {
      shape = { number: shapes.size, series: list };
      shapes.set(key, shape);
      file.append(encodeRecord(RECORD_TYPES.shape, new Uint8Array(Uint32Array.from(list).buffer)));
    }
    recentShapes = [shape, ...recentShapes.filter((s) => s !== shape)].slice(0, 16);
    return shape;
  };

  return {
    size: () => file.size(),
    rotate: async (nextPath, nextHeader, nextOffsetNs, footer) => {
      const old = file;
      file = openFile(nextPath, nextHeader);
      offsetNs = nextOffsetNs;
      shapes = new Map();
      recentShapes = [];
      known.fill(0);
      for (const definition of definitions) {
        file.append(encodeJsonRecord(RECORD_TYPES.series, [definition]));
      }
      for (const text of reasonTexts) file.append(encodeJsonRecord(RECORD_TYPES.reason, text));
      old.append(encodeJsonRecord(RECORD_TYPES.footer, footer));
      return await old.close();
    },
    series: (definition) => {
      const key = `${definition.source}\0${definition.device}\0${definition.field}`;
      let number = seriesNumbers.get(key);
      if (number === undefined) {
        number = seriesNumbers.size;
        seriesNumbers.set(key, number);
        definitions.push(definition);
        file.append(encodeJsonRecord(RECORD_TYPES.series, [definition]));
        if (number >= known.length) {
          const words = new Uint32Array(lastWords.length * 2);
          words.set(lastWords);
          lastWords = words;
          const flags = new Uint8Array(known.length * 2);
          flags.set(known);
          known = flags;
        }
      }
      return number;
    },
    reason: (text) => {
      let number = reasonNumbers.get(text);
      if (number === undefined) {
        number = reasonNumbers.size;
        reasonNumbers.set(text, number);
        reasonTexts.push(text);
        file.append(encodeJsonRecord(RECORD_TYPES.reason, text));
      }
      return number;
    },
    frame: (timeNs, series, values, reasons, count) => {
      if (count === 0) return;
      const shape = shapeOf(series, count);
      const bitmapBytes = (count + 7) >> 3;
      const payload = new Uint8Array(12 + bitmapBytes + 8 * count);
      const view = new DataView(payload.buffer);
      view.setFloat64(0, Math.max(0, timeNs - offsetNs), true);
      view.setUint32(8, shape.number, true);
      let at = 12 + bitmapBytes;
      for (let i = 0; i < count; i++) {
        if (reasons[i] >= 0) {
          scratch.setUint32(0, reasons[i], true);
          scratch.setUint32(4, MISSING_HIGH_WORD, true);
        } else scratch.setFloat64(0, values[i], true);
        const low = scratch.getUint32(0, true);
        const high = scratch.getUint32(4, true);
        const id = series[i];
        if (known[id] === 1 && lastWords[2 * id] === low && lastWords[2 * id + 1] === high) {
          continue;
        }
        known[id] = 1;
        lastWords[2 * id] = low;
        lastWords[2 * id + 1] = high;
        payload[12 + (i >> 3)] |= 1 << (i & 7);
        view.setUint32(at, low, true);
        view.setUint32(at + 4, high, true);
        at += 8;
      }
      file.append(encodeRecord(RECORD_TYPES.frame, payload.subarray(0, at)));
    },
    mark: (mark) =>
      file.append(
        encodeJsonRecord(RECORD_TYPES.mark, {
          ...mark,
          timeNs: Math.max(0, mark.timeNs - offsetNs),
        }),
      ),
    state: (state) => file.append(encodeJsonRecord(RECORD_TYPES.state, state)),
    flush: () => file.flush(),
    problem: () => file.problem(),
    lost: () => file.lost(),
    close: async (footer) => {
      file.append(encodeJsonRecord(RECORD_TYPES.footer, footer));
      return await file.close();
    },
  };
}
