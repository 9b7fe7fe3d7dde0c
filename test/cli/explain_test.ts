import assert from "node:assert/strict";
import { test } from "node:test";
import { TOPICS } from "../../src/cli/explain/topics.ts";
import { spillway } from "../spillway.ts";

/** Fields that say how a thing is computed or decided, by kind. */
const FORMULA: Readonly<Record<string, string>> = {
  metric: "formula",
  policy: "rule",
  eviction: "rule",
  coefficient: "formula",
  "exit-code": "meaning",
  stall: "rule",
};

for (const topic of TOPICS) {
  test(`every ${topic.name} is explained with its formula or rule, and its source`, async () => {
    const entries = await topic.list();
    assert.ok(entries.length > 0);
    assert.equal(new Set(entries.map((e) => e.id)).size, entries.length, "ids are unique");
    for (const { id } of entries) {
      const found = await topic.explain(id);
      assert.ok(found !== null, id);
      assert.ok(found.title.length > 0, id);
      const fields = Object.fromEntries(found.fields);
      const formula = fields[FORMULA[topic.name]];
      assert.ok(formula !== undefined && formula.trim().length > 3, `${id} has no formula`);
      if (topic.name === "stall") continue;
      assert.ok((fields.source ?? "").trim().length > 2, `${id} has no source`);
    }
  });
}

test("explain fits 80 and 40 columns and cuts no source", () => {
  for (const columns of ["80", "40"]) {
    const { stdout } = spillway(["explain", "ssd.embodied"], { env: { COLUMNS: columns } });
    for (const line of stdout.split("\n")) assert.ok(line.length <= Number(columns), line);
    assert.ok(!stdout.includes("…"), stdout);
  }
});

test("explain policy says what of the original is left out", async () => {
  const topic = TOPICS.find((t) => t.name === "policy")!;
  const { fields } = (await topic.explain("allocator/trtllm-paged"))!;
  assert.match(Object.fromEntries(fields)["left out"], /host_cache_size/);
});

test("explain policy shows the defaults of times, sizes and rates", async () => {
  const topic = TOPICS.find((t) => t.name === "policy")!;
  const { table } = (await topic.explain("fault/bamboo"))!;
  const defaults = new Map(table!.rows.map((row) => [row[0], row[1]]));
  assert.equal(defaults.get("restart"), "300");
  assert.equal(defaults.get("overhead"), "0.1977");
});
