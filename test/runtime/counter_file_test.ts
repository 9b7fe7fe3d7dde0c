import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openCounterFile } from "../../src/runtime/counter_file.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-counter-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a counter file is read from its start each time, however long it becomes", () => {
  const path = join(folder, "grows");
  writeFileSync(path, "1\n");
  const file = openCounterFile(path, 8);
  assert.equal(file.read(), "1\n");
  const long = "1234567 ".repeat(5000);
  writeFileSync(path, long);
  assert.equal(file.read(), long);
  writeFileSync(path, "2\n");
  assert.equal(file.read(), "2\n");
  assert.equal(file.problem(), null);
  file.close();
});

test("a file that cannot be opened is tried again after a second, not at every tick", () => {
  const path = join(folder, "comes");
  let ms = 5;
  const file = openCounterFile(path, 64, () => ms);
  assert.equal(file.read(), null);
  assert.equal(file.problem(), "the file is gone");
  writeFileSync(path, "7\n");
  ms += 10;
  assert.equal(file.read(), null);
  assert.equal(file.problem(), "the file is gone");
  ms += 990;
  assert.equal(file.read(), "7\n");
  assert.equal(file.problem(), null);
  file.close();
});
