import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILTIN_SITES } from "../../src/model/profiles/builtin/sites.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";

test("every built-in site passes the schema of site profiles and has a name of its own", () => {
  for (const site of BUILTIN_SITES) assert.deepEqual(siteProfileSchema.parse(site), site);
  assert.equal(new Set(BUILTIN_SITES.map((s) => s.name)).size, BUILTIN_SITES.length);
});

test("a built-in site has a source, a date and a PUE of at least 1", () => {
  for (const site of BUILTIN_SITES) {
    assert.ok(site.source.length > 10 && site.asOf !== null, site.name);
    assert.ok(site.pue !== null && site.pue.low >= 1 && site.pue.high <= 3, site.name);
  }
});

test("W24: a site of Amazon takes no grid number of a table that repeats last year's", () => {
  const site = BUILTIN_SITES.find((s) => s.name === "aws-us-east-1")!;
  assert.equal(site.gridGramsPerKwh, null);
  assert.equal(site.grid, "gcp:us-east4");
});
