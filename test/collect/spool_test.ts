import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { readSpool } from "../../src/collect/spool/reader.ts";
import type { SpoolHeader } from "../../src/collect/spool/records.ts";
import { createSpool } from "../../src/collect/spool/writer.ts";

const HEADER: SpoolHeader = {
  format: "spillway-spool/1",
  toolVersion: "0.0.0",
  recorder: { pid: 1, startTicks: 1, bootId: null },
  name: "test",
  command: ["true"],
  workingDirectory: "/",
  startedUnixNs: "1700000000000000000",
  intervalNs: 1e8,
  fingerprint: {},
};

const FOOTER = {
  durationNs: 1e9,
  exit: { code: 0, signal: null },
  recorder: {
    ticks: 1,
    missedTicks: 0,
    latenessP50Ns: 0,
    latenessP99Ns: 0,
    cpuSeconds: 0,
    peakRssBytes: 0,
  },
  sources: [],
  partialReason: null,
};

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "spillway-spool-"));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  const result = work(folder);
  if (result instanceof Promise) return result.finally(clean) as T;
  clean();
  return result;
}

interface Row {
  readonly time: number;
  readonly field: string;
  readonly value: number;
  readonly reason: string | null;
}

async function rowsOf(path: string, batch?: number): Promise<Row[]> {
  const spool = readSpool(path);
  const rows: Row[] = [];
  for await (const columns of spool.batches(batch)) {
    for (let i = 0; i < columns.count; i++) {
      rows.push({
        time: columns.timeNs[i],
        field: spool.series[columns.series[i]].field,
        value: columns.value[i],
        reason: columns.reason[i] < 0 ? null : spool.reasons[columns.reason[i]],
      });
    }
  }
  return rows;
}

function series(field: string) {
  return { source: "s", device: "", field, unit: "bytes", type: "counter" as const };
}

const frames = fc.array(
  fc.record({
    fields: fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 12 }),
    values: fc.array(
      fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom(0, -0, 1, 2 ** 53),
        fc.constant(null),
      ),
      { minLength: 12, maxLength: 12 },
    ),
  }),
  { maxLength: 40 },
);

test("what is written to a spool is read back exactly, whatever repeats, goes missing or comes new", async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.integer({ min: 1, max: 50 }), async (list, batch) => {
      await inFolder(async (folder) => {
        const path = join(folder, "a.spool");
        const spool = createSpool(path, HEADER);
        const expected: Row[] = [];
        for (const [i, frame] of list.entries()) {
          const ids = frame.fields.map((f) => spool.series(series(`f${f}`)));
          const reasons = frame.fields.map((f) =>
            frame.values[f] === null ? spool.reason(`why ${f % 3}`) : -1
          );
          const values = frame.fields.map((f) => frame.values[f] ?? NaN);
          spool.frame(i * 1e8, ids, values, reasons, ids.length);
          for (const f of frame.fields) {
            const value = frame.values[f];
            expected.push({
              time: i * 1e8,
              field: `f${f}`,
              value: value ?? NaN,
              reason: value === null ? `why ${f % 3}` : null,
            });
          }
        }
        assert.equal(await spool.close(FOOTER), true);
        assert.deepEqual(await rowsOf(path, batch), expected);
      });
    }),
    { numRuns: 60 },
  );
});

test("values that do not change take a bit each", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.spool");
    const spool = createSpool(path, HEADER);
    const ids = Array.from({ length: 80 }, (_, i) => spool.series(series(`f${i}`)));
    const values = ids.map((i) => i * 1.5);
    const known = ids.map(() => -1);
    spool.frame(0, ids, values, known, ids.length);
    const before = spool.size();
    for (let i = 1; i <= 100; i++) spool.frame(i, ids, values, known, ids.length);
    assert.equal(spool.size() - before, 100 * (9 + 12 + 10));
    await spool.close(FOOTER);
    assert.equal((await rowsOf(path)).length, 101 * 80);
  }));

test("a spool cut anywhere gives all whole readings before the cut and says where it is torn", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.spool");
    const spool = createSpool(path, HEADER);
    const id = spool.series(series("f"));
    const headerBytes = spool.size();
    for (let i = 0; i < 20; i++) spool.frame(i, [id], [i], [-1], 1);
    await spool.close(FOOTER);
    const whole = readFileSync(path);
    for (let cut = headerBytes; cut < whole.length; cut += 7) {
      const torn = join(folder, "torn.spool");
      writeFileSync(torn, whole.subarray(0, cut));
      const read = readSpool(torn);
      const rows = await rowsOf(torn);
      assert.deepEqual(rows.map((r) => r.value), rows.map((_, i) => i));
      assert.equal(read.footer, null);
      assert.ok(rows.length <= 20);
      if (read.torn !== null) assert.ok(read.torn.offset <= cut);
    }
  }));

test("a flipped bit ends the reading at its record", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.spool");
    const spool = createSpool(path, HEADER);
    const id = spool.series(series("f"));
    for (let i = 0; i < 5; i++) spool.frame(i, [id], [i], [-1], 1);
    const at = spool.size() + 20;
    for (let i = 5; i < 10; i++) spool.frame(i, [id], [i], [-1], 1);
    await spool.close(FOOTER);
    const bytes = readFileSync(path);
    bytes[at] ^= 1;
    writeFileSync(path, bytes);
    assert.deepEqual((await rowsOf(path)).map((r) => r.value), [0, 1, 2, 3, 4]);
    assert.match(readSpool(path).torn!.reason, /checksum/);
  }));

for (
  const [name, bytes] of [
    ["an empty file", new Uint8Array()],
    ["a file of another kind", new TextEncoder().encode('{"not": "a spool"}\n')],
    ["a magic without a header", new TextEncoder().encode("SPWSPL1\n")],
    [
      "a header cut in two",
      new TextEncoder().encode("SPWSPL1\n\x40\x00\x00\x00\x00\x00\x00\x00\x01{"),
    ],
  ] as const
) {
  test(`${name} is refused as a spool with a sentence that names it`, () =>
    inFolder((folder) => {
      const path = join(folder, "bad.spool");
      writeFileSync(path, bytes);
      assert.throws(() => readSpool(path), (error: Error) => error.message.includes("bad.spool"));
    }));
}

test("a spool whose file shrinks to its magic has no header", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.spool");
    await createSpool(path, HEADER).close(FOOTER);
    truncateSync(path, 8);
    assert.throws(() => readSpool(path), /no readable header/);
  }));
