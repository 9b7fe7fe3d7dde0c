/**
 * Speed of `import`: a JSONL of requests into a new store, every row checked, as a ratio to DuckDB's own
 * `CREATE TABLE AS SELECT ... FROM read_json` of the same file in the same run (which checks nothing beyond
 * the JSON itself). `deno run -A bench/ingest.ts [bytes] [blocks|lengths] [rounds]`; defaults 1e9, blocks, 3.
 * `blocks` are Mooncake rows of chats with growing prompts, `lengths` short rows without block ids. The file
 * is made from a seed in a temporary folder. Each measurement is a process of its own; the best of the rounds
 * counts. Also printed: the peak resident memory of each.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createRandom } from "../src/stats/random.ts";

const BLOCK_TOKENS = 512;
const SESSIONS = 2000;
const LONGEST = 150;

/** Writes rows until the file has the size asked for; returns the rows. */
function generate(path: string, bytes: number, withBlocks: boolean): number {
  const random = createRandom(7);
  const file = openSync(path, "w");
  const sessions: number[][] = Array.from({ length: SESSIONS }, () => []);
  let nextBlock = 0;
  let time = 0;
  let written = 0;
  let rows = 0;
  let text = "";
  while (written + text.length < bytes) {
    time += random.integer(40);
    const output = 1 + random.integer(800);
    if (withBlocks) {
      const blocks = sessions[random.integer(SESSIONS)];
      if (blocks.length > LONGEST) blocks.length = 0;
      for (let added = 1 + random.integer(12); added > 0; added--) blocks.push(nextBlock++);
      const input = blocks.length * BLOCK_TOKENS - random.integer(BLOCK_TOKENS);
      text += `{"timestamp": ${time}, "input_length": ${input}, "output_length": ${output}, ` +
        `"hash_ids": [${blocks.join(", ")}]}\n`;
    } else {
      const input = 1 + random.integer(30000);
      text += `{"timestamp": ${time}, "input_length": ${input}, "output_length": ${output}}\n`;
    }
    rows++;
    if (text.length > 1 << 22) {
      written += writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
  return rows;
}

async function importOurs(path: string, store: string): Promise<void> {
  const { openTrace } = await import("../src/ingest/import_trace.ts");
  const { streamOnWorker } = await import("../src/cli/import_stream.ts");
  const { FORMATS } = await import("../src/registry/formats.ts");
  const { openStore } = await import("../src/store/open.ts");
  const { trace, name } = await openTrace(path, FORMATS, {}, streamOnWorker);
  const open = await openStore(store, { mode: "create" });
  await open.saveTrace(trace, name);
  await open.close();
}

async function importDuckdb(path: string, store: string): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(store);
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE t AS SELECT * FROM read_json('${path}', format = 'newline_delimited')`,
  );
  connection.closeSync();
  instance.closeSync();
}

interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** Runs one import in a process of its own. */
function measure(what: "ours" | "duckdb", path: string, folder: string): Measured {
  const store = join(folder, `${what}.duckdb`);
  rmSync(store, { force: true });
  const self = fileURLToPath(import.meta.url);
  const runtime = process.versions.bun === undefined ? ["run", "-A", self] : [self];
  const child = spawnSync(process.execPath, [...runtime, `--${what}`, path, store], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) throw new Error(`the ${what} import failed`);
  return JSON.parse(child.stdout.trim().split("\n").at(-1)!) as Measured;
}

async function child(what: string, path: string, store: string): Promise<void> {
  const started = performance.now();
  await (what === "--ours" ? importOurs : importDuckdb)(path, store);
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}

function main(bytes: number, shape: string, rounds: number): void {
  const folder = mkdtempSync(join(tmpdir(), "spillway-bench-ingest-"));
  try {
    const path = join(folder, "requests.jsonl");
    const rows = generate(path, bytes, shape === "blocks");
    const size = statSync(path).size;
    console.log(`${shape}: ${(size / 1e9).toFixed(3)} GB, ${rows.toLocaleString("en-US")} rows`);
    const best = { ours: Infinity, duckdb: Infinity };
    for (let round = 0; round < rounds; round++) {
      for (const what of ["duckdb", "ours"] as const) {
        const { seconds, peakBytes } = measure(what, path, folder);
        best[what] = Math.min(best[what], seconds);
        const stored = statSync(join(folder, `${what}.duckdb`)).size;
        console.log(
          `  ${what.padEnd(6)} ${seconds.toFixed(2)} s, ${
            (size / 1e6 / seconds).toFixed(0)
          } MB/s, ` +
            `peak ${(peakBytes / 1e6).toFixed(0)} MB, stored ${(stored / 1e6).toFixed(0)} MB`,
        );
      }
    }
    console.log(
      `ratio to read_json: ${
        (best.ours / best.duckdb).toFixed(2)
      } (best of ${rounds}; goal: below 3)`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first, second, third] = process.argv.slice(2);
if (first === "--ours" || first === "--duckdb") await child(first, second, third);
else main(Number(first ?? 1e9), second ?? "blocks", Number(third ?? 3));
