import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SpillwayError } from "../../src/model/errors.ts";
import { openLineFile } from "../../src/runtime/line_file.ts";
import { writeFileAtomically } from "../../src/runtime/write_file.ts";
import { writeFileFrom } from "../../src/runtime/write_stream.ts";

async function* pieces() {
  yield "ab";
  yield await Promise.resolve("c\n");
}

const WRITERS: Readonly<Record<string, (path: string) => Promise<void> | void>> = {
  "a whole file": (path) => writeFileAtomically(path, "abc\n"),
  "a stream": (path) => writeFileFrom(path, pieces()),
  "lines": (path) => {
    const file = openLineFile(path);
    file.write("abc");
    file.close();
  },
};

for (const [name, write] of Object.entries(WRITERS)) {
  test(`${name}: a link stays a link and its file gets the content; nothing stays beside it`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-part-"));
    try {
      writeFileSync(join(folder, "target"), "before, and longer");
      symlinkSync("target", join(folder, "link"));
      await write(join(folder, "link"));
      assert.ok(lstatSync(join(folder, "link")).isSymbolicLink());
      assert.equal(readFileSync(join(folder, "target"), "utf8"), "abc\n");
      await write(join(folder, "new"));
      assert.equal(readFileSync(join(folder, "new"), "utf8"), "abc\n");
      assert.deepEqual(readdirSync(folder).sort(), ["link", "new", "target"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test(`${name}: a device stays a device, and a full one is an error`, {
    skip: existsSync("/dev/full") ? false : "there is no /dev/full here",
  }, async () => {
    // Through a link, so that a writer that took the name would spoil no more than the link.
    const folder = mkdtempSync(join(tmpdir(), "spillway-part-"));
    try {
      symlinkSync("/dev/full", join(folder, "full"));
      await assert.rejects(async () => await write(join(folder, "full")), /ENOSPC|no space left/i);
      assert.ok(lstatSync(join(folder, "full")).isSymbolicLink());
      assert.deepEqual(readdirSync(folder), ["full"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("a line file in a folder that is not there is refused with its path", () => {
  assert.throws(
    () => openLineFile("/nowhere/at/all.jsonl"),
    (error) => error instanceof SpillwayError && error.message.includes("/nowhere/at/all.jsonl"),
  );
});
