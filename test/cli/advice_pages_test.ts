import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { shiftDocumentSchema } from "../../src/cli/schemas/shift_schema.ts";
import { near } from "../estimate/near.ts";
import { spillway } from "../spillway.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "spillway-pages-"));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

function run(...args: string[]): string {
  const done = spillway(args, { cwd: FOLDER });
  assert.equal(done.code, 0, done.stderr);
  return done.stdout;
}

/** The twelve hours of example E16. */
const HOURS = [400, 380, 350, 300, 250, 220, 310, 240, 360, 420, 450, 430];

function hourly(name: string, values: readonly number[]): string {
  const rows = values.map((v, h) => `2026-01-01 ${String(h).padStart(2, "0")}:00:00,X,${v}`);
  const header = "Datetime (UTC),Zone Id,Carbon Intensity gCO₂eq/kWh (LCA)";
  writeFileSync(join(FOLDER, name), [header, ...rows].join("\n") + "\n");
  return name;
}

test("placement and shift keep their answers, and a report draws both", () => {
  writeFileSync(join(FOLDER, "classes.json"), run("advise", "placement", "--example"));
  const site = ["--site", "gcp-us-east4", "--factor", "electricity.usd_per_kwh=0.1"];
  run("advise", "placement", "classes.json", ...site, "--save", "places", "--quiet");
  const grid = hourly("home.csv", HOURS);
  const job = ["--energy", "300", "--duration", "3h", "--within", "12h"];
  const flags = ["--interruptible", "--restart", "10", "--save", "when", "--json"];
  const document = shiftDocumentSchema.parse(
    JSON.parse(run("advise", "shift", "--grid", grid, ...job, ...flags)),
  );
  const [average] = document.signals;
  near(average.now.totalGrams, 113_000);
  near(average.contiguous.totalGrams, 77_000);
  near(average.interruptible!.totalGrams, 73_400);
  run("report", "places", "when", "-o", "page.html", "--quiet");
  const page = readFileSync(join(FOLDER, "page.html"), "utf8");
  assert.match(page, /Placement at gcp-us-east4: least cost/);
  assert.match(page, /checkpoints: what storing less saves/);
  assert.match(page, /When to run: home\.csv/);
  assert.match(page, /Grid intensity from 2026-01-01T00:00:00Z/);
});

test("a marginal series of a region without its average is refused", () => {
  const home = hourly("home.csv", HOURS);
  const job = ["--energy", "300", "--duration", "3h", "--to-marginal", home];
  const done = spillway(["advise", "shift", "--grid", home, ...job], { cwd: FOLDER });
  assert.equal(done.code, 2);
  assert.match(done.stderr, /--to-marginal needs --to FILE/);
});

test("a region whose series does not cover the job is said to be taken by its mean", () => {
  const home = hourly("home.csv", HOURS);
  writeFileSync(
    join(FOLDER, "away.csv"),
    "Datetime (UTC),Zone Id,Carbon Intensity gCO₂eq/kWh (LCA)\n" +
      "2025-01-01 00:00:00,Y,20\n2025-01-01 01:00:00,Y,40\n",
  );
  const document = JSON.parse(run(
    ...["advise", "shift", "--grid", home, "--to", "away.csv", "--json"],
    ...["--energy", "300", "--duration", "3h", "--within", "12h"],
  ));
  near(document.region.averageGrams, 300 * (30 - 1130 / 3));
  assert.ok(document.notes.some((n: string) => /^away\.csv covers 0\.0 %/.test(n)));
});
