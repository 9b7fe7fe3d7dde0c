import assert from "node:assert/strict";
import { test } from "node:test";
import type { NvmeAdmin } from "../../src/collect/nvme/admin.ts";
import { createDriveReader } from "../../src/collect/nvme/read_drive.ts";
import { LOG_PAGES } from "../../src/parse/nvme/log_page.ts";

test("one failed read of the flash's log does not end it, nor change to another log", async () => {
  let answers = true;
  const asked: number[] = [];
  const admin: NvmeAdmin = {
    logPage: (_, id) => {
      asked.push(id);
      if (id === LOG_PAGES.health) {
        return Promise.resolve({ bytes: new Uint8Array(512), result: 0 });
      }
      if (id !== LOG_PAGES.enduranceGroup || !answers) {
        return Promise.resolve({ problem: "no such log", denied: false });
      }
      const bytes = new Uint8Array(512);
      bytes.fill(1, 32, 160);
      return Promise.resolve({ bytes, result: 0 });
    },
    powerState: () => Promise.resolve(0),
    close: () => {},
  };
  const reader = createDriveReader("nvme0", admin);
  const media = async () => {
    const drive = await reader.read();
    assert.ok("health" in drive);
    return drive.media?.log ?? null;
  };
  assert.equal(await media(), "endurance-group");
  answers = false;
  assert.equal(await media(), null);
  answers = true;
  assert.equal(await media(), "endurance-group");
  assert.equal(asked.filter((id) => id === LOG_PAGES.ocp).length, 1);
});
