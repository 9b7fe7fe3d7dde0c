import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILTIN_HARDWARE } from "../../src/model/profiles/builtin/hardware.ts";
import { BUILTIN_LLMS } from "../../src/model/profiles/builtin/llm.ts";
import { hardwareProfileSchema } from "../../src/model/profiles/hardware.ts";
import { llmProfileSchema } from "../../src/model/profiles/llm.ts";

test("every built-in model passes its schema unchanged and has a name of its own", () => {
  for (const profile of BUILTIN_LLMS) {
    assert.deepEqual(llmProfileSchema.parse(profile), profile);
  }
  assert.equal(new Set(BUILTIN_LLMS.map((p) => p.name)).size, BUILTIN_LLMS.length);
});

test("every built-in server passes its schema unchanged and has a name of its own", () => {
  for (const profile of BUILTIN_HARDWARE) {
    assert.deepEqual(hardwareProfileSchema.parse(profile), profile);
  }
  assert.equal(new Set(BUILTIN_HARDWARE.map((p) => p.name)).size, BUILTIN_HARDWARE.length);
});

test("MLA models say what their latent cache needs", () => {
  for (const p of BUILTIN_LLMS.filter((p) => p.attention === "MLA")) {
    assert.ok(p.kvLoraRank! > 0 && p.qkRopeHeadDim! > 0 && p.vHeadDim! > 0, p.name);
  }
});
