import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTables } from "../../src/cli/report_tables.ts";
import type { Output } from "../../src/cli/output.ts";
import { createStyle } from "../../src/cli/style.ts";
import { metric } from "../../src/model/metric.ts";
import { buildPage } from "../../src/report/page.ts";
import type { ReportInput } from "../../src/report/input.ts";
import { diffRows, metricRows } from "../../src/report/rows.ts";
import { escapeMarkdown, toMarkdown } from "../../src/report/writers/markdown.ts";
import { CHARTS } from "../../src/registry/charts.ts";
import { hostileInput, plainInput } from "./documents.ts";

const out = { width: 80, style: createStyle(false) } as Output;
const charts = new Map(
  await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
);

const ESCAPE = "\x1b";

/** Two recordings that differ in one metric. */
function pair(): ReportInput {
  const input = plainInput();
  const first = input.items[0];
  if (first.kind !== "run") throw new Error("the first item is a run");
  const metrics = {
    ...first.record.metrics,
    disk_written_bytes: metric(1.5e9, "bytes", "measured"),
  };
  const second = { ...first, id: "r2", record: { ...first.record, name: "later", metrics } };
  return { ...input, items: [first, second] };
}

test("every number of every item is a row with its evidence; unknown ones keep their reason", () => {
  const rows = plainInput().items.flatMap(metricRows);
  assert.deepEqual(rows.map((r) => [r.item, r.metric, r.value, r.evidence]), [
    ["r1", "disk_written_bytes", 1e9, "measured"],
    ["r1", "gpu_energy_joules", null, "measured"],
    ["p1", "goodput_ratio", 0.9, "replayed"],
    ["p1", "goodput_ratio", 0.8, "replayed"],
    ["e1", "total_grams_co2e", 5, "assumed"],
  ]);
  assert.equal(rows[1].reason, "no GPU here");
});

test("CSV has a line a number and no cell that a spreadsheet would run", () => {
  const lines = renderTables(hostileInput(), "csv", out).split("\r\n");
  assert.equal(lines.length, 7);
  assert.equal(lines[1].split(",")[3], "disk_written_bytes");
  const formula = { ...plainInput().items[0] };
  if (formula.kind !== "run") throw new Error("the first item is a run");
  const named = { ...formula, record: { ...formula.record, name: "=1+1" } };
  const csv = renderTables({ ...plainInput(), items: [named] }, "csv", out);
  assert.match(csv, /r1,run,"'=1\+1",/);
});

test("Markdown, text and JSON show hostile names as data", () => {
  const markdown = toMarkdown(hostileInput());
  assert.ok(!markdown.includes(ESCAPE));
  // Indented lines are code: Markdown shows them letter by letter.
  const prose = markdown.split("\n").filter((l) => !l.startsWith("    ")).join("\n");
  assert.doesNotMatch(prose, /<script|<img/);
  assert.equal(escapeMarkdown("a|b\n[c](d)"), "a\\|b \\[c\\]\\(d\\)");
  const table = markdown.split("\n").filter((l) => l.startsWith("| "));
  for (const line of table) assert.equal(line.match(/(?<!\\)\|/g)!.length, 5, line);
  assert.ok(!renderTables(hostileInput(), "text", out).includes(ESCAPE));
  const json = JSON.parse(renderTables(hostileInput(), "json", out));
  assert.equal(json.items.length, 3);
  assert.equal(json.metrics.length, 5);
});

test("a difference pairs the numbers of two items and says how each changed", () => {
  const [a, b] = pair().items;
  const rows = diffRows(a, b);
  assert.deepEqual(rows.map((r) => [r.metric, r.delta]), [
    ["disk_written_bytes", 0.5],
    ["gpu_energy_joules", null],
  ]);
});

test("metrics that only one side has are in the difference too", () => {
  const [a, b] = pair().items;
  if (b.kind !== "run") throw new Error("the second item is a run");
  const only = {
    ...b,
    record: { ...b.record, metrics: { run_seconds: metric(1, "seconds", "measured") } },
  };
  const rows = diffRows(a, only);
  assert.deepEqual(
    rows.map((r) => [r.metric, r.a !== null, r.b !== null]),
    [["disk_written_bytes", true, false], ["gpu_energy_joules", true, false], [
      "run_seconds",
      false,
      true,
    ]],
  );
});

test("the page of a difference shows it first, and only what differs", async () => {
  const page = await buildPage({ ...pair(), diff: true }, charts);
  const section = /<section id="diff">.*?<\/section>/s.exec(page)![0];
  assert.match(section, /1 of 2 numbers differ/);
  assert.match(section, /\+50 % worse/);
  assert.doesNotMatch(section, /gpu_energy_joules/);
  assert.ok(page.indexOf('id="diff"') < page.indexOf('id="r1"'));
  assert.doesNotMatch(await buildPage(pair(), charts), /id="diff"/);
});
