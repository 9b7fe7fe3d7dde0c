import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { ReplayDocument } from "../../src/model/results.ts";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { openStore } from "../../src/store/open.ts";
import { quickList } from "../../src/store/quick_list.ts";
import { SCHEMA_VERSION } from "../../src/store/schema_version.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-quick-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;
const fresh = () => join(folder, `s${++number}.duckdb`);

const replay: ReplayDocument = {
  schema: "spillway/replay/1",
  tool: { name: "spillway", version: "0.0.0" },
  family: "offload",
  trace: { id: null, name: "t", kind: "requests", format: "x", sha256: null, rows: 0 },
  profiles: {},
  seed: 0,
  results: [],
  ranking: { by: "total_usd", better: "lower", order: [], recommendation: "" },
};

/** A store with replays of these names; its path. */
async function storeOf(names: readonly string[]): Promise<string> {
  const path = fresh();
  const store = await openStore(path, { mode: "create" });
  for (const name of names) await store.saveDocument("replay", name, replay);
  await store.close();
  return path;
}

async function listed(path: string) {
  const store = await openStore(path, { mode: "read" });
  try {
    return await store.list();
  } finally {
    await store.close();
  }
}

test("the quick listing is the listing of the store, whatever the names", async () => {
  // Names of up to 12 bytes stand in a vector themselves, longer ones behind a pointer.
  const names = fc.sample(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), 60)
    .map((name) => name.trim()).filter((name) => name !== "");
  const path = await storeOf([...names, "twelve bytes", "thirteen byte", "é".repeat(7)]);
  const quick = await quickList(path);
  assert.ok(quick !== null && quick.length >= 3);
  assert.deepEqual(quick, await listed(path));
});

test("more entries than one chunk of a result come whole and in order", async () => {
  const path = await storeOf(["first"]);
  const { loadDuckDb } = await import("../../src/store/load_duckdb.ts");
  const { DuckDBInstance } = await loadDuckDb();
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(
    `INSERT INTO private.entry BY NAME SELECT * EXCLUDE (i) REPLACE (
       key + i AS key, 'p' || (i + 1) AS id, 'replay number ' || i AS name
     ) FROM private.entry, range(1, 5001) AS r(i)`,
  );
  connection.closeSync();
  instance.closeSync();
  const quick = await quickList(path);
  assert.equal(quick?.length, 5001);
  assert.equal(quick[5000].name, "replay number 5000");
  assert.deepEqual(quick, await listed(path));
});

test("what is not plainly a filled store of this version is left to the full opener", async () => {
  assert.equal(await quickList(fresh()), null);
  assert.equal(await quickList(folder), null);
  const text = fresh();
  writeFileSync(text, "no database ".repeat(1000));
  assert.equal(await quickList(text), null);
  assert.equal(await quickList(await storeOf([])), null);
  const newer = fresh();
  const last = MIGRATIONS[MIGRATIONS.length - 1];
  const migrations = [...MIGRATIONS, { ...last, version: last.version + 1, sql: "SELECT 1" }];
  const store = await openStore(newer, { mode: "create", migrations });
  await store.saveDocument("replay", "a", replay);
  await store.close();
  assert.equal(await quickList(newer), null);
  const damaged = await storeOf(["a"]);
  const bytes = readFileSync(damaged);
  writeFileSync(damaged, bytes.subarray(0, Math.floor(bytes.length / 3)));
  assert.equal(await quickList(damaged), null);
});

test("the version that a listing expects is the last of the schema's steps", () => {
  assert.equal(SCHEMA_VERSION, MIGRATIONS[MIGRATIONS.length - 1].version);
});
