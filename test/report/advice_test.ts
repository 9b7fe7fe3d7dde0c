import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { chart } from "../../src/report/charts/points.ts";
import { spillway } from "../spillway.ts";

test("the chart of many points draws groups in order and names the recommended one", () => {
  const { spec, description } = chart.build({
    title: "cost over time",
    rows: [
      { x: 10, y: 5, group: "searched", label: "" },
      { x: 1, y: 9, group: "Pareto front", label: "" },
      { x: 2, y: 2, group: "recommended", label: "hcache" },
      { x: null, y: 2, group: "searched", label: "" },
    ],
    options: { xUnit: "seconds", yUnit: "usd", xTitle: "TTFT", yTitle: "cost" },
  });
  assert.match(description, /1 searched; 1 Pareto front; 1 recommended; hcache at 2 s and \$2\.00/);
  const layer = (spec.layer as { encoding: { color: { scale: { domain: string[] } } } }[])[0];
  assert.deepEqual(layer.encoding.color.scale.domain, ["searched", "Pareto front", "recommended"]);
});

test("a saved life cycle is listed, shown, queried, exported and drawn with its assumptions", () => {
  const cwd = mkdtempSync(join(tmpdir(), "advice-"));
  const run = (...args: string[]) => {
    const done = spillway(args, { cwd });
    assert.equal(done.code, 0, `${args.join(" ")}: ${done.stderr}`);
    return done.stdout;
  };
  try {
    writeFileSync(join(cwd, "plan.json"), run("estimate", "lifecycle", "--example"));
    const site = ["--site", "gcp-us-east4", "--today", "2026-11-25"];
    run("estimate", "lifecycle", "plan.json", ...site, "--save", "life");
    assert.match(run("ls"), /a1 +advice +life/);
    assert.match(run("show", "life"), /training emits most; serving, the second, against it/);
    const sql =
      "SELECT result_name FROM v_metric WHERE entry_id = 'a1' AND metric = 'energy_joules'";
    assert.match(run("query", sql), /stored KV cache/);
    assert.match(run("export", "a1", "--format", "csv"), /total_grams_co2e/);
    run("report", "a1", "-o", "life.html");
    const page = readFileSync(join(cwd, "life.html"), "utf8");
    assert.match(page, /What storing less saves over the life/);
    assert.match(page, /id="assumptions"/);
    assert.match(page, /host8\.embodied/);
    assert.match(page, /spillway estimate lifecycle plan\.json/);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
