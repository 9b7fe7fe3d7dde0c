/**
 * Start-up times of the command line under this runtime, each a median of several starts, beside an empty
 * script of the same runtime: `deno run -A bench/startup.ts [starts]`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { selfCommand } from "../src/runtime/self.ts";
import { median } from "../src/stats/median.ts";

const starts = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), "spillway-startup-"));
const empty = join(folder, "empty.ts");
writeFileSync(empty, "");
writeFileSync(join(folder, "faults.csv"), "start_s,end_s,node\n10,20,0\n");
const self = selfCommand();

function seconds(argv: readonly string[]): number {
  const start = performance.now();
  const done = spawnSync(argv[0], argv.slice(1), { cwd: folder, stdio: "ignore" });
  if (done.error !== undefined) throw done.error;
  return (performance.now() - start) / 1000;
}

const CASES: readonly (readonly [name: string, argv: readonly string[], bound: number | null])[] = [
  ["empty script", [...self.slice(0, -1), empty], null],
  ["--help", [...self, "--help"], 0.1],
  ["record --help", [...self, "record", "--help"], 0.1],
  ["completions bash", [...self, "completions", "bash"], 0.1],
  ["complete -- rec", [...self, "complete", "--", "rec"], 0.1],
  ["ls, no store", [...self, "ls", "--store", "none.duckdb"], 0.1],
  ["ls, a store", [...self, "ls", "--store", "some.duckdb"], 0.25],
  ["show, a store", [...self, "show", "t1", "--store", "some.duckdb"], null],
];

try {
  seconds([...self, "import", "faults.csv", "--store", "some.duckdb"]);
  const times = CASES.map(([, argv]) => {
    seconds(argv);
    return Array.from({ length: starts }, () => seconds(argv));
  });
  const base = median(times[0]);
  CASES.forEach(([name, , bound], i) => {
    const middle = median(times[i]);
    const best = Math.min(...times[i]);
    console.log(
      `${name.padEnd(18)} median ${(1000 * middle).toFixed(0).padStart(4)} ms, best ` +
        `${(1000 * best).toFixed(0).padStart(4)} ms, ${
          (middle / base).toFixed(1)
        } times an empty ` +
        `script${
          bound === null ? "" : `; bound ${1000 * bound} ms ${middle < bound ? "kept" : "MISSED"}`
        }`,
    );
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
