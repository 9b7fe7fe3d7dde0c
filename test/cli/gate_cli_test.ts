import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { z } from "zod";
import { command as gateCommand } from "../../src/cli/commands/gate.ts";
import { metric } from "../../src/model/metric.ts";
import { openStore } from "../../src/store/open.ts";
import { runRecord } from "../report/documents.ts";
import { spillway } from "../spillway.ts";
import { parseXml } from "../xml.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-gate-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const run = (...args: string[]) => spillway(args, { cwd: folder });

async function verdictOf(text: string) {
  const schema = await gateCommand.output!() as z.ZodType;
  // deno-lint-ignore no-explicit-any
  return schema.parse(JSON.parse(text)) as any;
}

test("gate runs two commands in turns and fails the slower one", async () => {
  const done = run("gate", "--a", "sleep 0.05", "--b", "sleep 0.35", "--rounds", "5", "--json");
  const verdict = await verdictOf(done.stdout);
  assert.equal(done.code, 1, done.stderr);
  assert.equal(verdict.exitCode, 1);
  assert.deepEqual(verdict.rules[0].runs, [5, 5]);
  assert.equal(verdict.rules[0].name, "run_seconds");
  assert.ok(verdict.rules[0].delta > 0.5);
  assert.ok(verdict.rules[0].minDetectable > 0);
  const runs = JSON.parse(run("ls", "--json").stdout).entries.map((e: { name: string }) => e.name);
  assert.deepEqual(
    runs.slice(0, 4).map((n: string) => n.replace(/~.*/, "")).sort(),
    ["gate-a", "gate-a", "gate-b", "gate-b"],
  );
});

test("an estimate of a recording that failed is as little judged as the recording", () => {
  assert.equal(run("record", "--name", "failed", "--", "sh", "-c", "exit 3").code, 3);
  assert.equal(run("estimate", "failed", "--save", "of-failed").code, 0);
  const budget = ["--budget", "energy_joules<1e12", "--strict"];
  const done = run("gate", "of-failed", ...budget);
  assert.equal(done.code, 3, done.stdout);
  assert.match(done.stdout, /its command ended with 3/);
  assert.equal(run("record", "--name", "fine", "--", "true").code, 0);
  assert.equal(run("estimate", "fine", "--save", "of-fine").code, 0);
  assert.equal(run("gate", "of-fine", ...budget).code, 0);
});

test("gate refuses to judge a command that fails, and half of a pair", () => {
  const failed = run("gate", "--a", "true", "--b", "exit 3", "--rounds", "1");
  assert.equal(failed.code, 4);
  assert.match(failed.stderr, /--b "exit 3" ended with 3/);
  assert.equal(run("gate", "--a", "true").code, 2);
  assert.equal(run("gate").code, 2);
});

test("baselines are saved, used, and promoted in the store and as files", () => {
  assert.equal(run("record", "--name", "w", "--", "true").code, 0);
  const id = JSON.parse(run("ls", "--json").stdout).entries.at(-1).id;
  assert.equal(run("baseline", "save", "candidate", id).code, 0);
  assert.equal(run("baseline", "promote", "candidate", "main").code, 0);
  assert.equal(run("baseline", "promote", "candidate", "main").code, 0, "replaces");
  const names = JSON.parse(run("baseline", "ls", "--json").stdout).baselines;
  assert.deepEqual(names.map((b: { name: string }) => b.name).sort(), ["candidate", "main"]);
  assert.equal(run("baseline", "use", "absent").code, 4);
  writeFileSync(join(folder, "spillway.json"), '{"seed": 7}');
  assert.equal(run("baseline", "use", "main").code, 0);
  const config = JSON.parse(readFileSync(join(folder, "spillway.json"), "utf8"));
  assert.deepEqual(config, { seed: 7, gate: { baseline: "main" } });
  const gate = run("gate", id, "--json");
  assert.match(JSON.parse(gate.stdout).baseline, /main/);
  assert.equal(run("gate", id, "--strict").code, 3, "one run a side is inconclusive");
  assert.equal(run("baseline", "promote", "main", "main.json").code, 0);
  const other = JSON.parse(readFileSync(join(folder, "main.json"), "utf8"));
  other.fingerprint.cpu = "another";
  writeFileSync(join(folder, "other.json"), JSON.stringify(other));
  const refused = run("baseline", "promote", "other.json", "main");
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /another machine/);
  assert.equal(run("baseline", "promote", "other.json", "main", "--allow-mismatch").code, 0);
});

/** A store with recordings of one workload whose time goes up at the 16th of 20. */
async function storeWithHistory(path: string): Promise<void> {
  const store = await openStore(path, { mode: "create" });
  try {
    for (let i = 0; i < 20; i++) {
      const record = runRecord("step");
      const seconds = (i < 15 ? 1 : 1.3) * (1 + 0.01 * (i % 3));
      await store.saveRun(
        {
          ...record,
          startedUnixNs: String((1_790_000_000n + BigInt(i) * 86_400n) * 1_000_000_000n),
          exit: i === 3 ? { code: 1, signal: null } : record.exit,
          fingerprint: { cpu: i === 5 ? "another" : "mine" },
          metrics: { run_seconds: metric(seconds, "seconds", "measured") },
        },
        [],
        (async function* () {})(),
        () => [],
      );
    }
  } finally {
    await store.close();
  }
}

test("gate --trend finds when a workload became slower, and writes every format at once", async () => {
  // A folder of its own: the tests before leave a spillway.json that names a baseline.
  const home = join(folder, "trend");
  mkdirSync(home);
  const run = (...args: string[]) => spillway(args, { cwd: home });
  const path = join(home, "history.duckdb");
  await storeWithHistory(path);
  const flags = ["--trend", "run_seconds", "--store", path];
  const done = run(
    ...["gate", "r20", ...flags, "--json", "--save", "verdict"],
    ...["--write", "junit=gate.xml", "--write", "markdown=gate.md", "--write", "gitlab=gate.json"],
  );
  const verdict = await verdictOf(done.stdout);
  assert.equal(done.code, 0, "a trend advises");
  assert.deepEqual(
    verdict.rules.map((r: { status: string; level: string }) => [r.status, r.level]),
    [
      ["fail", "warn"],
    ],
  );
  assert.equal(verdict.rules[0].trend[0].run, "r16");
  assert.deepEqual(verdict.rules[0].runs, [13, 5], "a failed and a foreign run are left out");
  assert.equal(parseXml(readFileSync(join(home, "gate.xml"), "utf8")).name, "testsuites");
  assert.match(readFileSync(join(home, "gate.md"), "utf8"), /warned \| run_seconds/);
  assert.equal(JSON.parse(readFileSync(join(home, "gate.json"), "utf8"))[0].severity, "minor");
  assert.match(run("ls", "--kind", "gate", "--store", path).stdout, /verdict/);
  const enforced = { gate: { rules: [{ kind: "trend", metric: "run_seconds", level: "error" }] } };
  writeFileSync(join(home, "spillway.json"), JSON.stringify(enforced));
  assert.equal(run("gate", "r20", "--store", path).code, 1);
  assert.equal(run("gate", "r9", "--store", path, "--strict").code, 3, "too few before it");
});

test("a wrong gate configuration names the key; a wrong copy names the formats", () => {
  writeFileSync(join(folder, "spillway.json"), '{"gate": {"rules": [{"kind": "trend"}]}}');
  const wrong = run("gate", "r1");
  assert.equal(wrong.code, 4);
  assert.match(wrong.stderr, /spillway\.json: gate\.rules\.0\.metric/);
  rmSync(join(folder, "spillway.json"));
  const copy = run("gate", "r1", "--write", "xml=a");
  assert.equal(copy.code, 2);
  assert.match(copy.stderr, /junit=report\.xml/);
});
