/**
 * Names, commands and labels come from other people's traces. Nothing that the tool writes may let them act:
 * no escape sequence reaches a terminal, no markup a page, no formula a spreadsheet.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildPage } from "../../src/report/page.ts";
import { CHARTS } from "../../src/registry/charts.ts";
import { openStore } from "../../src/store/open.ts";
import { parseOpenMetrics } from "../open_metrics.ts";
import { hostileInput } from "../report/documents.ts";
import { spillway } from "../spillway.ts";
import { parseXml } from "../xml.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-hostile-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const input = hostileInput();

/** Stores the hostile recording, replay and estimate as r1, p1 and e1. */
const stored = (async () => {
  const store = await openStore(join(folder, "spillway.duckdb"), { mode: "create" });
  try {
    for (const item of input.items) {
      if (item.kind === "run") {
        await store.saveRun(item.record, [], (async function* () {})(), () => []);
      } else if (item.kind === "replay" || item.kind === "estimate") {
        // deno-lint-ignore no-explicit-any
        await store.saveDocument(item.kind, input.title, item.document as any);
      }
    }
  } finally {
    await store.close();
  }
})();

/** Control characters but tab and line end. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;

async function run(...args: string[]) {
  await stored;
  const done = spillway(args, { cwd: folder });
  assert.ok(done.code === 0 || done.code === 1, `${args.join(" ")}: ${done.stderr}`);
  const printed = (done.stdout + done.stderr).replaceAll("\r\n", "\n");
  assert.doesNotMatch(printed, CONTROL, args.join(" "));
  return done.stdout;
}

test("terminal: no control character comes through, whichever command prints the name", async () => {
  for (
    const args of [
      ["ls"],
      ["show", "r1"],
      ["show", "p1"],
      ["show", "e1"],
      ["compare", "r1", "r1", "--all"],
      ["query", "SELECT name, summary FROM v_entry"],
      ["query", "SELECT name, summary FROM v_entry", "--csv"],
      ["report", "r1", "p1", "e1", "--format", "text"],
      ["gate", "r1", "--budget", "disk_written_bytes<2e9"],
      ["gate", "p1", "--budget", "goodput_ratio>0.95"],
      ["baseline", "save", "=cmd()", "r1"],
      ["baseline", "ls"],
    ]
  ) {
    await run(...args);
  }
});

test("CSV: no cell starts like a formula", async () => {
  for (const id of ["r1", "p1", "e1"]) {
    const csv = await run("report", id, "--format", "csv");
    for (const line of csv.split("\r\n")) {
      assert.doesNotMatch(line, /(?:^|,)"?[=+@]/, line);
    }
  }
});

test("every format of a gate keeps the name as data", async () => {
  const gate = (format: string) =>
    run("gate", "p1", "--budget", "goodput_ratio>0.95", "--format", format);
  assert.equal(parseXml(await gate("junit")).name, "testsuites");
  assert.ok(parseOpenMetrics(await gate("openmetrics")).length > 0);
  assert.doesNotMatch(await gate("markdown"), /<script|<img/);
  assert.ok(JSON.parse(await gate("gitlab")).length > 0);
  assert.equal(JSON.parse(await gate("json")).verdict, "fail");
  for (const line of (await gate("github")).trimEnd().split("\n")) assert.match(line, /^::error /);
});

test("the page holds no element that a name brought, in any section", async () => {
  const charts = new Map(
    await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
  );
  const page = await buildPage({ ...input, diff: false }, charts);
  assert.doesNotMatch(page, /<script>alert|<img|onerror="/);
  assert.doesNotMatch(page, CONTROL);
  // Attributes too: no quote of a name ends one.
  for (const [, label] of page.matchAll(/aria-label="([^"]*)"/g)) assert.ok(!label.includes("<"));
});
