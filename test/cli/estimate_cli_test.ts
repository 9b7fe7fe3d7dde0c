import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { subjectOfFile, subjectOfReplay } from "../../src/cli/estimate/subject.ts";
import { readGridFile } from "../../src/cli/estimate/grid_file.ts";
import { estimateDocument } from "../../src/estimate/document.ts";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { seriesMean } from "../../src/estimate/formulas/grid_series.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { withGridSeries } from "../../src/estimate/usage/grid_context.ts";
import { BUILTIN_SITES } from "../../src/model/profiles/builtin/sites.ts";
import { estimateDocumentSchema } from "../../src/cli/schemas/estimate_schema.ts";
import type { ReplayDocument } from "../../src/model/results.ts";
import type { Usage } from "../../src/model/usage.ts";
import { TOPICS } from "../../src/cli/explain/topics.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "spillway-estimate-"));
after(() => rmSync(FOLDER, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(FOLDER, name);
  writeFileSync(path, content);
  return path;
}

const USAGE: Usage = {
  wallSeconds: 100,
  functionalUnits: { requests: 10 },
  devices: [{ kind: "gpu", key: "a100_sxm", count: 1, reservedSeconds: 100, busySeconds: 40 }],
  flows: [],
  held: [],
  evidence: "modelled",
};

test("a usage, a replay and a run are told apart by their schema", () => {
  const usage = subjectOfFile(file("u.json", JSON.stringify(USAGE)));
  assert.equal(usage.inputs[0].name, "u");
  const replay = subjectOfFile(file(
    "p.json",
    JSON.stringify({
      schema: "spillway/replay/1",
      profiles: {},
      results: [
        { policy: "a", params: { k: 1, j: 2 }, usage: USAGE },
        { policy: "a", params: { k: 2, j: 2 }, usage: USAGE },
        { policy: "b", params: {}, usage: null },
      ],
    }),
  ));
  assert.deepEqual(replay.inputs.map((i) => i.name), ["a k=1", "a k=2", "b"]);
  const run = subjectOfFile(file(
    "r.json",
    JSON.stringify({
      schema: "spillway/run/1",
      name: "demo",
      startedUnixNs: "1700000000000000000",
      durationNs: 5e9,
      usage: USAGE,
    }),
  ));
  assert.deepEqual(run.window, { startSeconds: 1_700_000_000, endSeconds: 1_700_000_005 });
});

const DAMAGED: readonly [string, string, RegExp][] = [
  ["cut.json", '{"wallSeconds": 1', /not valid JSON/],
  ["empty.json", "", /not valid JSON/],
  ["other.json", '{"a": 1}', /wallSeconds/],
  ["null.json", "null", /expected a usage/],
  ["negative.json", JSON.stringify({ ...USAGE, wallSeconds: -1 }), /negative/],
  ["tier.json", JSON.stringify({ ...USAGE, held: [{ tier: "ssd" }] }), /held\.0\.byteSeconds/],
];
for (const [name, content, message] of DAMAGED) {
  test(`a damaged subject (${name}) is refused with its place`, () => {
    assert.throws(() => subjectOfFile(file(name, content)), message);
  });
}

test("a damaged gzip of a grid series is refused", () => {
  assert.throws(
    () => readGridFile(file("g.csv.gz", new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2])), {}),
    /damaged gzip/,
  );
  assert.throws(() => readGridFile(join(FOLDER, "absent.csv"), {}), /cannot read/);
});

function documentOf(usages: Record<string, Usage | null>) {
  const site = BUILTIN_SITES.find((s) => s.name === "gcp-us-east4")!;
  const context = estimateContext(site, null, builtinFactors());
  return estimateDocument(
    { name: "spillway", version: "0" },
    { kind: "replay", id: "p1", name: "x" },
    Object.entries(usages).map(([name, usage]) => ({ name, usage })),
    context,
    "2026-11-24",
  );
}

test("the document of an estimate passes its own schema and is the same twice", () => {
  const usages = { a: USAGE, b: { ...USAGE, wallSeconds: 90 }, c: null };
  const document = documentOf(usages);
  estimateDocumentSchema.parse(document);
  assert.equal(JSON.stringify(document), JSON.stringify(documentOf(usages)));
  assert.match(document.results[2].notes![0], /no usage/);
  assert.ok(document.warnings.some((w) => /rent\.gpu\.a100_sxm/.test(w)));
});

test("every coefficient of every provenance stands in the document with source and date", () => {
  const document = documentOf({ a: USAGE });
  const ids = new Set(document.coefficients.map((c) => c.id));
  for (const { coefficients } of Object.values(document.results[0].provenance)) {
    for (const id of coefficients) assert.ok(ids.has(id), id);
  }
  assert.ok(document.coefficients.every((c) => c.source !== "" && c.asOf !== ""));
});

test("a run inside a grid series takes the mean of its own hours, weighted by energy", () => {
  const path = file(
    "grid.csv",
    "time,Z\n2023-01-01T00:00:00Z,100\n2023-01-01T01:00:00Z,300\n2023-01-01T02:00:00Z,50\n",
  );
  const series = readGridFile(path, { signal: "average" });
  const t0 = Date.UTC(2023, 0, 1) / 1000;
  const at = (joules: ((a: number, b: number) => number) | null) =>
    withGridSeries(builtinFactors(), series, "grid.csv", {
      startSeconds: t0,
      endSeconds: t0 + 7200,
      joules,
    }).factors.get("site.grid")!.value;
  assert.equal(at(null), 200);
  // Three quarters of the energy in the dirty hour: 250, not the product of means 200.
  assert.ok(Math.abs(at((a) => a < t0 + 3600 ? 1 : 3) - 250) < 1e-9);
  const outside = withGridSeries(builtinFactors(), series, "grid.csv", {
    startSeconds: t0 + 1e6,
    endSeconds: t0 + 1e6 + 1,
    joules: null,
  });
  assert.equal(outside.factors.get("site.grid")!.value, seriesMean(series).gramsPerKwh);
  assert.ok(outside.notes.some((n) => /0\.0 % of the run/.test(n)));
});

test("subjects of a stored replay keep its id", () => {
  const document = { profiles: {}, results: [] } as unknown as ReplayDocument;
  assert.equal(subjectOfReplay(document, "p3", "n").subject.id, "p3");
});

for (const topic of TOPICS) {
  test(`explain ${topic.name} lists its entries and explains the first and last one`, async () => {
    const entries = await topic.list();
    for (const entry of [entries[0], entries[entries.length - 1]]) {
      if (entry === undefined) continue;
      const e = await topic.explain(entry.id);
      assert.ok(e !== null && e.fields.length > 0, entry.id);
    }
    assert.equal(await topic.explain("no such thing"), null);
  });
}

for (
  const [change, sentence] of [
    [{ held: [{ tier: "nvme", byteSeconds: 1 }] }, /held\.0\.tier/],
    [{ measured: { joules: { fan: 5 } } }, /measured\.joules: Unrecognized key: "fan"/],
    [{ measured: { joules: { gpu: "5" } } }, /measured\.joules\.gpu/],
    [
      { measured: { drives: [{ device: "a", lifetimeHostBytes: 1, powerOnHours: 0 }] } },
      /drive a was powered for 0 hours/,
    ],
    [
      { devices: [{ kind: "gpu", count: 1, reservedSeconds: 100, busySeconds: 140 }] },
      /gpu devices are busy for 140 s of 100 s reserved/,
    ],
  ] as const
) {
  test(`a usage with ${JSON.stringify(change)} is refused, not priced at nothing`, () => {
    const path = file("bad.json", JSON.stringify({ ...USAGE, ...change }));
    assert.throws(() => subjectOfFile(path), sentence);
  });
}

test("a folder in the place of a file is named, not called a bug", () => {
  assert.throws(() => subjectOfFile(FOLDER), /it is a folder, expected a file$/);
});
