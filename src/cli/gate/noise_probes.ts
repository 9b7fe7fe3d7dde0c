import { spawnSync } from "node:child_process";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { dataError } from "../../model/errors.ts";
import { monotonicNs } from "../../runtime/clock.ts";

/** A fixed piece of work whose time is measured again and again. */
export interface Probe {
  readonly name: string;
  run(): void;
}

const MIB = 2 ** 20;

/** Integer work that fits the caches: xorshift steps. */
const cpu: Probe = {
  name: "cpu",
  run() {
    let x = 2463534242;
    for (let i = 0; i < 20_000_000; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
    }
    // An impossible outcome, so that the loop cannot be left out.
    if (x === 0) throw new Error("xorshift reached zero");
  },
};

/** Copies 64 MiB eight times: beyond the caches of most processors. */
function memory(): Probe {
  const [from, to] = [new Uint8Array(64 * MIB).fill(1), new Uint8Array(64 * MIB)];
  return {
    name: "memory",
    run() {
      for (let i = 0; i < 8; i++) to.set(from);
    },
  };
}

/** Writes 16 MiB into a file of the folder and waits until they are on the device. */
function disk(file: string): Probe {
  const block = new Uint8Array(MIB).fill(7);
  return {
    name: "disk",
    run() {
      const handle = openSync(file, "w");
      try {
        for (let i = 0; i < 16; i++) writeSync(handle, block);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    },
  };
}

function ofCommand(argv: readonly string[]): Probe {
  return {
    name: argv.join(" "),
    run() {
      const done = spawnSync(argv[0], argv.slice(1), { stdio: "ignore" });
      if (done.error !== undefined || done.status !== 0) {
        throw dataError(
          `noise: "${argv.join(" ")}" ended with ${done.status ?? done.error?.message}`,
          "its time says nothing; run it by itself and look at what it prints",
        );
      }
    },
  };
}

/**
 * Seconds of every probe in every round, the probes in turns. One round before is not counted. With a
 * command, only the command is measured.
 *
 * @param folder Folder on the disk to measure.
 */
export function measureNoise(
  rounds: number,
  argv: readonly string[],
  folder: string,
): { name: string; seconds: number[] }[] {
  const own = mkdtempSync(join(folder, ".spillway-noise-"));
  try {
    const probes = argv.length > 0 ? [ofCommand(argv)] : [cpu, memory(), disk(join(own, "probe"))];
    const found = probes.map((p) => ({ name: p.name, seconds: [] as number[] }));
    for (let round = -1; round < rounds; round++) {
      probes.forEach((probe, i) => {
        const start = monotonicNs();
        probe.run();
        if (round >= 0) found[i].seconds.push((monotonicNs() - start) / 1e9);
      });
    }
    return found;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
