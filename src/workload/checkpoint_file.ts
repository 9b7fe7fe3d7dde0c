import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { dataError } from "../model/errors.ts";
import { fillBlock } from "./kv/block_pattern.ts";
import { createPhaseMeter, type Phase } from "./phase_meter.ts";

const PIECE = 4 * 2 ** 20;

/**
 * Writes a checkpoint as trainers do: pieces to a temporary name, fsync, atomic rename, fsync of the folder;
 * then reads it back and compares its SHA-256.
 *
 * @returns the phases, and the bytes that were read back and compared.
 * @throws data error when what comes back differs.
 */
export function writeCheckpoint(
  path: string,
  bytes: number,
  seed: number,
): { phases: Phase[]; verifiedBytes: number } {
  const piece = new Uint8Array(PIECE);
  const pieces = Math.max(1, Math.round(bytes / PIECE));
  const write = createPhaseMeter("checkpoint-write");
  const sync = createPhaseMeter("checkpoint-fsync");
  const read = createPhaseMeter("checkpoint-read");
  const written = createHash("sha256");
  const part = `${path}.part`;
  const file = openSync(part, "w");
  try {
    for (let i = 0; i < pieces; i++) {
      fillBlock(new Uint32Array(piece.buffer), seed * 1_000_003 + i);
      written.update(piece);
      write.time(0, PIECE, () => {
        for (let done = 0; done < PIECE;) done += writeSync(file, piece, done);
      });
    }
    sync.time(0, 0, () => fsyncSync(file));
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  // The name is durable only once its folder is.
  sync.time(0, 0, () => syncFolder(dirname(path)));
  const back = createHash("sha256");
  const reader = openSync(path, "r");
  try {
    for (let i = 0; i < pieces; i++) {
      read.time(PIECE, 0, () => {
        for (let done = 0; done < PIECE;) {
          const count = readSync(reader, piece, done, PIECE - done, i * PIECE + done);
          if (count === 0) throw dataError(`${path}: ends in piece ${i}`);
          done += count;
        }
      });
      back.update(piece);
    }
  } finally {
    closeSync(reader);
  }
  if (written.digest("hex") !== back.digest("hex")) {
    throw dataError(`${path}: the checkpoint that came back is not the one that was written`);
  }
  return { phases: [write.end(), sync.end(), read.end()], verifiedBytes: pieces * PIECE };
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
