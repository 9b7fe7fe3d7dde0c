/**
 * Every command is run with --json, and what it really prints is held against the schema that
 * `spillway schema` publishes for it.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { COMMANDS } from "../../src/registry/commands.ts";
import { MACHINE } from "../replay/conversation/engine.ts";
import { type Finished, SPILLWAY } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-schema-"));
after(() => rmSync(folder, { recursive: true, force: true }));
cpSync(fileURLToPath(new URL("../../traces", import.meta.url)), join(folder, "traces"), {
  recursive: true,
});
writeFileSync(
  join(folder, "grid.csv"),
  "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct)," +
    "Carbon Intensity gCO₂eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,Data Source," +
    "Data Estimated,Data Estimation Method\n" +
    Array.from({ length: 48 }, (_, h) => {
      const time = `2023-01-0${1 + Math.floor(h / 24)} ${String(h % 24).padStart(2, "0")}:00:00`;
      return `${time},A,Zone,A-Z,${200 + h},${250 + h},50,40,test,false,\n`;
    }).join(""),
);

writeFileSync(join(folder, "engine.json"), JSON.stringify(MACHINE));

const CHAT = "traces/chat.jsonl";
const MODEL = ["--llm", "llama-2-7b", "--hardware", "a100_sxm"];
const LAYERS =
  "layers:count=4,forward=1s,backward=2s,bytes=4,microbatches=4,gpus=2,memory=16,link=4";
const SMALL_KV = ["memoryBlocks=4", "distinctBlocks=8", "references=40", "blockBytes=64KiB"];

function run(args: readonly string[], limitMs = 110_000): Promise<Finished> {
  const { FORCE_COLOR: _, SPILLWAY_STORE: __, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(SPILLWAY[0], [...SPILLWAY.slice(1), ...args], {
      cwd: folder,
      env: { ...env, NO_COLOR: "1", COLUMNS: "80" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => stdout += chunk);
    child.stderr.on("data", (chunk) => stderr += chunk);
    child.on("error", reject);
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Arguments of each command; several lines of one command are run in their order. */
const LINES: readonly (readonly [command: string, args: readonly string[], code?: number])[] = [
  // What later ones read comes first.
  ["import", [CHAT, "--name", "chat"]],
  ["replay offload", ["chat", ...MODEL, "--save", "kv"]],
  ["estimate", ["kv", "--site", "aws-us-east-1"]],
  ["baseline save", ["main", "kv"]],
  ["gate", ["kv", "--baseline", "main", "--save", "verdict"]],
  ["record", ["--summary", "summary.json", "--", "true"]],
  ["predict", ["offload", CHAT, "-p", "kv-offload", ...MODEL, "--seal", "-o", "p.json"]],
  ["replay offload", [CHAT, "-p", "kv-offload", ...MODEL, "--save", "one"]],
  ["score", ["p.json", "one"]],
  // From here on in any order.
  ["advise", ["--trace", CHAT, "--points", "4", "--hardware", "a100_sxm", "--llm", "llama-2-7b"]],
  ["advise capacity", ["--trace", CHAT, "--llm", "llama-3-8b", "--hardware", "a100_sxm"]],
  ["advise placement", ["classes.json"]],
  ["advise shift", ["--grid", "grid.csv", "--energy", "300", "--duration", "3h"]],
  ["advise tiers", ["--site", "aws-us-east-1"]],
  ["baseline ls", []],
  ["baseline promote", ["main", "other"]],
  ["baseline use", ["main"]],
  ["bench", ["kv", ...SMALL_KV.flatMap((s) => ["--set", s])]],
  ["compare", ["kv", "main"]],
  ["completions", ["bash"]],
  ["config show", []],
  ["doctor", []],
  ["estimate lifecycle", ["plan.json"]],
  ["explain", ["waste_ratio"]],
  ["explain", ["policy"]],
  ["export", ["chat", "--format", "csv", "-o", "chat.csv"]],
  ["fault fit", ["traces/faults.csv"]],
  ["fault plan", ["--gpus", "64", "--bytes", "1TB", "--write", "20GB/s"]],
  ["generate faults", ["-o", "faults.csv"]],
  ["generate requests", ["--sessions", "5", "-o", "requests.jsonl"]],
  ["ls", []],
  ["man", []],
  ["noise", ["--rounds", "3", "--", "true"]],
  ["query", ["SELECT * FROM v_metric LIMIT 3"]],
  ["query", []],
  ["recover", []],
  ["replay allocator", [CHAT, "-p", "paged,contiguous"]],
  ["replay cache", [CHAT, "-e", "lru,belady", "-c", "100,infinite"]],
  ["replay cache", [CHAT, "--curve"]],
  ["replay conversation", [CHAT, "--hardware", "./engine.json"]],
  ["replay fault", ["traces/faults.csv", "-p", "periodic-sync"]],
  ["replay loader", ["resnet50:files=8", "-p", "small-files"]],
  ["replay training", [LAYERS, "-p", "mobius"]],
  ["replay validate", ["served.json", "--trace", CHAT]],
  ["report", ["kv", "verdict", "-o", "report.html"]],
  ["schema", ["gate"]],
  ["show", ["kv"]],
  ["topo", []],
  ["show", ["main"]],
];

/**
 * Commands that are held against their schema where they are tested, because they need a setting of their
 * own: `bench sealed` has the last test of this file, `loader fit` reads a published table.
 */
const ELSEWHERE = new Set(["bench sealed", "calibrate", "demo", "loader fit", "mark"]);

/** The document in what was printed: a recording's goes to a file, since stdout is its child's. */
function documentOf(command: string, { stdout }: Finished): unknown {
  return JSON.parse(
    command === "record" ? readFileSync(join(folder, "summary.json"), "utf8") : stdout,
  );
}

async function check(
  [command, args, code = 0]: typeof LINES[number],
  limitMs?: number,
): Promise<void> {
  const words = command.split(" ");
  const done = await run(
    args.includes("--") ? [...words, "--json", ...args] : [...words, ...args, "--json"],
    limitMs,
  );
  const line = `spillway ${command} ${args.join(" ")}`;
  assert.equal(done.code, code, `${line}\n${done.stderr}`);
  const entry = COMMANDS.find((c) => c.name === command);
  const module = await entry!.load();
  // Through JSON Schema and back: what a reader of the published schema can check.
  const published = z.toJSONSchema(await module.output!(), {
    io: "output",
    unrepresentable: "any",
  });
  const parsed = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0])
    .safeParse(documentOf(command, done));
  assert.ok(
    parsed.success,
    `${line}\n${parsed.error === undefined ? "" : z.prettifyError(parsed.error)}`,
  );
}

test("every command stands in the list of this test", () => {
  const listed = new Set([...LINES.map(([command]) => command), ...ELSEWHERE]);
  const missing = COMMANDS.map((c) => c.name).filter((name) => !listed.has(name));
  assert.deepEqual(missing, [], "give each a line with arguments that it runs quickly with");
});

const FIRST = LINES.findIndex(([command]) => command === "advise");

test(
  "what the commands that fill a store print follows their schemas",
  { timeout: 120_000 },
  async () => {
    for (const line of LINES.slice(0, FIRST)) await check(line);
  },
);

test("what every other command prints follows its schema", { timeout: 240_000 }, async () => {
  for (
    const [file, command] of [["classes.json", "advise placement"], [
      "plan.json",
      "estimate lifecycle",
    ]]
  ) {
    const example = await run([...command.split(" "), "--example"]);
    writeFileSync(join(folder, file), example.stdout);
  }
  writeFileSync(
    join(folder, "served.json"),
    JSON.stringify({
      config: { engine: "vllm", llm: "llama-2-7b", hardware: "a100_sxm", gpuBlocks: 9000 },
      counts: { prefixQueryTokens: 1000, prefixHitTokens: 800, ttftQuantiles: { "0.5": 0.1 } },
    }),
  );
  const waiting = [...LINES.slice(FIRST)];
  const problems: string[] = [];
  const worker = async () => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      await check(line).catch((error) => problems.push(String(error.message)));
    }
  };
  await Promise.all([worker(), worker()]);
  assert.equal(problems.length, 0, problems.join("\n\n"));
});

test("a mark set from inside a recorded command follows its schema", async () => {
  const done = await run([
    ...["record", "--json", "--summary", "marked.json", "--"],
    ...[...SPILLWAY, "mark", "here", "--json"],
  ]);
  assert.equal(done.code, 0, done.stderr);
  const module = await COMMANDS.find((c) => c.name === "mark")!.load();
  (await module.output!()).parse(JSON.parse(done.stdout));
  const record = JSON.parse(readFileSync(join(folder, "marked.json"), "utf8"));
  assert.equal(record.marks?.[0]?.name ?? record.record?.marks?.[0]?.name, "here");
});

test("a series of sealed predictions, run and scored, follows its schema", {
  // Thirteen predictions with their runs take half a minute; the document is the same on both runtimes.
  skip: process.versions.bun === undefined ? false : "run by the tests on Deno",
  timeout: 300_000,
}, async () => {
  const trace = await run(["generate", "requests", "--sessions", "3", "-o", "few.jsonl"]);
  assert.equal(trace.code, 0, trace.stderr);
  const args = ["--only", "traffic", "--repeats", "1", "--trace", "few.jsonl", "--directory", "."];
  await check(["bench sealed", args], 280_000);
});
