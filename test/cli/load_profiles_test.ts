import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { builtinProfileNames, loadProfile } from "../../src/cli/load_profiles.ts";
import { hardwareProfileSchema } from "../../src/model/profiles/hardware.ts";
import { llmProfileSchema } from "../../src/model/profiles/llm.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";

const ROLES = [
  ["hardware", hardwareProfileSchema],
  ["llm", llmProfileSchema],
  ["site", siteProfileSchema],
] as const;

for (const [role, schema] of ROLES) {
  test(`every built-in ${role} profile satisfies its own schema and has a unique name and a source`, async () => {
    const names = await builtinProfileNames(role);
    assert.ok(names.length > 0);
    assert.equal(new Set(names.map((n) => n.toLowerCase())).size, names.length);
    for (const name of names) {
      const profile = await loadProfile(role, name);
      assert.deepEqual(schema.parse(profile), profile, name);
      assert.ok((profile as { source: string }).source.length > 0, name);
    }
  });
}

test("a name is found whatever its case; an unknown one proposes the nearest", async () => {
  const [name] = await builtinProfileNames("llm");
  assert.equal((await loadProfile("llm", name.toUpperCase()))?.name, name);
  await assert.rejects(loadProfile("llm", `${name}x`), { kind: "usage", message: /did you mean/ });
});

test("a profile file with a wrong field is refused with the field's path", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-profile-"));
  try {
    const path = join(folder, "machine.json");
    writeFileSync(path, JSON.stringify({ name: "m", gpu: { key: "x", memoryBytes: -1 } }));
    await assert.rejects(loadProfile("hardware", path), { kind: "data", message: /gpu\.memory/ });
    writeFileSync(path, "{");
    await assert.rejects(loadProfile("hardware", path), {
      kind: "data",
      message: /not valid JSON/,
    });
    await assert.rejects(loadProfile("hardware", join(folder, "none.json")), { kind: "usage" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
