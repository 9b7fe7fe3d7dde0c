import type { Reading } from "../../parse/reading.ts";
import type { SampleSink } from "../source.ts";

/** Pushes readings under one source and remembers their series, so that a loss can be written to all. */
export interface SeriesBook {
  push(sink: SampleSink, reading: Reading): void;
  /** Writes null with the reason to every series seen so far, or to those of one device. */
  lose(sink: SampleSink, reason: string, device?: string): void;
  devices(): string[];
}

export function createSeriesBook(source: string): SeriesBook {
  const known = new Map<string, Map<string, number>>();
  return {
    push: (sink, { device, field, unit, type, value, reason }) => {
      let fields = known.get(device);
      if (fields === undefined) known.set(device, fields = new Map());
      let id = fields.get(field);
      if (id === undefined) {
        id = sink.series({ source, device, field, unit, type });
        fields.set(field, id);
      }
      sink.push(id, value, reason ?? undefined);
    },
    lose: (sink, reason, device) => {
      for (const [name, fields] of known) {
        if (device !== undefined && name !== device && !name.startsWith(`${device}/`)) continue;
        for (const id of fields.values()) sink.push(id, null, reason);
      }
    },
    devices: () => [...known.keys()],
  };
}
