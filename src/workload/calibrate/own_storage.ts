import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { dropFileFromPageCache } from "../llm/page_cache.ts";
import { type Measurement, summarise } from "./measurement.ts";

const PIECE = 1 << 20;

/**
 * Storage measured by our own reader and writer, for machines without fio: one thread, buffered, queue
 * depth 1, with fsync. These are lower bounds of what the device can do, and labelled so.
 */
export function measureOwnStorage(
  directory: string,
  fileBytes: number,
  repeats: number,
  now: () => number,
): Measurement[] {
  const path = join(directory, "data");
  const piece = new Uint8Array(PIECE).map((_, i) => (i * 2654435761) >>> 24);
  const pieces = Math.max(1, Math.floor(fileBytes / PIECE));
  const write: number[] = [];
  const read: number[] = [];
  const sync: number[] = [];
  let dropped = true;
  for (let repeat = 0; repeat < repeats; repeat++) {
    write.push(
      timed(now, () =>
        withFile(path, "w", (file) => {
          for (let i = 0; i < pieces; i++) writeSync(file, piece);
          fsyncSync(file);
        })),
    );
    dropped = dropFileFromPageCache(path) && dropped;
    read.push(
      timed(now, () =>
        withFile(path, "r", (file) => {
          for (let i = 0; i < pieces; i++) readSync(file, piece);
        })),
    );
    withFile(path, "r+", (file) => {
      for (let i = 0; i < 20; i++) {
        sync.push(timed(now, () => {
          writeSync(file, piece, 0, 4096, i * 4096);
          fsyncSync(file);
        }));
      }
    });
  }
  const rate = (seconds: number[]) => seconds.map((s) => pieces * PIECE / s);
  const own = "our own reader and writer, one thread, buffered";
  const cold = dropped ? "page cache dropped first" : "the page cache could not be dropped";
  return [
    summarise("sequential_read_bytes_per_second", "bytesPerSecond", rate(read), `${own}, ${cold}`),
    summarise(
      "sequential_write_bytes_per_second",
      "bytesPerSecond",
      rate(write),
      `${own}, with fsync`,
    ),
    summarise("fsync_seconds", "seconds", sync, `${own}, fsync after 4 KiB`),
  ];
}

function timed(now: () => number, work: () => void): number {
  const started = now();
  work();
  return (now() - started) / 1000;
}

function withFile(path: string, flags: string, work: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    work(file);
  } finally {
    closeSync(file);
  }
}
