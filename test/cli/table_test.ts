import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { safeText } from "../../src/cli/sanitize.ts";
import { cellWidth, renderTable } from "../../src/cli/table.ts";
import { wrapCommand, wrapText } from "../../src/cli/wrap.ts";

test("columns are padded to their widest cell and numbers align right", () => {
  const text = renderTable([{ title: "a" }, { title: "n", align: "right" }], [["x", "10"], [
    "yyy",
    "9",
  ]], 80);
  assert.equal(text, "a     n\nx    10\nyyy   9\n");
});

test("a flexible column is cut with an ellipsis when the table is too wide", () => {
  const text = renderTable([{ title: "name", flexible: true }, { title: "v" }], [[
    "x".repeat(50),
    "1",
  ]], 30);
  assert.ok(text.split("\n").every((line) => cellWidth(line) <= 30), text);
  assert.match(text, /…/);
});

test("a table that cannot fit is printed as blocks", () => {
  const columns = ["one", "two", "three"].map((title) => ({ title }));
  const text = renderTable(columns, [["a".repeat(20), "b".repeat(20), "c".repeat(20)]], 40);
  assert.match(text, /^one {4}a+\ntwo {4}b+\nthree {2}c+\n$/);
});

test("no line of any table is wider than the terminal", () => {
  const row = fc.tuple(fc.string(), fc.string({ unit: "grapheme" }), fc.string());
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 8 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, width) => {
        const columns = [{ title: "first", flexible: true }, { title: "second", flexible: true }, {
          title: "third",
          flexible: true,
        }];
        for (const line of renderTable(columns, rows, width).split("\n")) {
          assert.ok(cellWidth(line) <= width, JSON.stringify(line));
        }
      },
    ),
  );
});

test("control characters in names cannot reach the terminal", () => {
  assert.equal(safeText("a\x1b[31mred\x07\r\n"), "a\\x1b[31mred\\x07\\x0d\\x0a");
  assert.equal(safeText("plain µs ✓"), "plain µs ✓");
  assert.equal(safeText("\u202eevil"), "\\u202eevil");
});

test("a wrapping column loses no letter, at any width", () => {
  const text = "a-very-long-word-without-any-blank and some short ones";
  const columns = [{ title: "id" }, { title: "text", flexible: true, wrap: true }];
  for (const width of [80, 40, 24, 14]) {
    const printed = renderTable(columns, [["x", text]], width);
    assert.ok(!printed.includes("…"));
    const letters = printed.replace(/^(id|text)\b/gm, "").replaceAll(/\s/g, "");
    assert.ok(letters.includes(text.replaceAll(" ", "")), printed);
    for (const line of printed.split("\n")) assert.ok(line.length <= Math.max(width, 18), line);
  }
});

test("a point's further lines stand under its text, other lines at the margin", () => {
  assert.deepEqual(wrapText("- one two three", 9), ["- one two", "  three"]);
  assert.deepEqual(wrapText("one two three", 9), ["one two", "three"]);
});

test("a wrapping column breaks an id after one of its marks", () => {
  const columns = [{ title: "id", flexible: true, wrap: true }, { title: "v" }];
  const printed = renderTable(columns, [["kv-offload/kilo_output_token_grams_co2e", "1"]], 38);
  assert.equal(
    printed,
    `id${" ".repeat(33)}  v\nkv-offload/kilo_output_token_grams_  1\nco2e\n`,
  );
});

test("a long command is broken so that a shell reads the same words", () => {
  const command =
    'spillway advise --trace "a b.jsonl" --slo "ttft_p99_seconds<2" --minimize total_usd -- x';
  assert.deepEqual(wrapCommand(command, 50), [
    'spillway advise --trace "a b.jsonl" \\',
    '  --slo "ttft_p99_seconds<2" \\',
    "  --minimize total_usd -- x",
  ]);
  assert.deepEqual(wrapCommand("spillway ls", 50), ["spillway ls"]);
  assert.deepEqual(wrapCommand('spillway query "SELECT a, b FROM v_metric WHERE c = 1"', 30), [
    "spillway query \\",
    '  "SELECT a, b FROM v_metric',
    '  WHERE c = 1"',
  ]);
});
