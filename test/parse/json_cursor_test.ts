import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonCursor, keyTable } from "../../src/parse/json_cursor.ts";
import { PlaceError } from "../../src/parse/place_error.ts";
import { skipValue } from "../../src/parse/skip_value.ts";
import { firstInvalid } from "../../src/parse/utf8.ts";

const encoder = new TextEncoder();

function cursorOver(bytes: Uint8Array): JsonCursor {
  const cursor = new JsonCursor();
  cursor.reset(bytes, 0, bytes.length, 1);
  return cursor;
}

function cursorAccepts(bytes: Uint8Array): boolean {
  const cursor = cursorOver(bytes);
  try {
    skipValue(cursor);
    cursor.finish();
    return true;
  } catch (error) {
    assert.ok(error instanceof PlaceError, String(error));
    return false;
  }
}

function parseAccepts(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

test("the cursor takes what JSON.stringify writes, whatever the value", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
    assert.ok(cursorAccepts(encoder.encode(JSON.stringify(value, null, indent))));
  }));
});

test("with one byte changed, the cursor takes the text just when JSON.parse does", () => {
  const number = fc.constantFrom("-0", "1e5", "1E+5", "0.5", "12345678901234567890", "-1.25e-3");
  const text = fc.oneof(fc.jsonValue({ maxDepth: 4 }).map((v) => JSON.stringify(v)), number);
  const byte = fc.oneof(
    fc.constantFrom(...encoder.encode('{}[]",:\\0123456789.eE+- \n\ttfn')),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(text, fc.nat(), byte, (json, at, value) => {
      const bytes = encoder.encode(json);
      bytes[at % bytes.length] = value;
      assert.equal(cursorAccepts(bytes), parseAccepts(bytes), new TextDecoder().decode(bytes));
    }),
    { numRuns: 3000 },
  );
});

test("a text cut anywhere is refused unless JSON.parse takes it", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(), (value, cut) => {
    const bytes = encoder.encode(JSON.stringify(value));
    const part = bytes.subarray(0, cut % bytes.length);
    assert.equal(cursorAccepts(part), parseAccepts(part));
  }));
});

test("numbers are those of JSON.parse", () => {
  const any = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger());
  fc.assert(fc.property(any, (value) => {
    const text = JSON.stringify(value);
    assert.equal(cursorOver(encoder.encode(text)).number("a number"), JSON.parse(text));
  }));
});

test("whole numbers of any size stay apart as identifiers", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 70n }), (value) => {
    const id = cursorOver(encoder.encode(`${value}`)).identifier("an id");
    assert.equal(String(id), String(value));
    assert.equal(typeof id, value <= BigInt(Number.MAX_SAFE_INTEGER) ? "number" : "string");
  }));
});

test("keys are found whatever their order; others are named", () => {
  const table = keyTable(["a", "ab", "b"]);
  const cursor = cursorOver(encoder.encode('{"ab":1,"a":2,"\\u0061b":3,"c":4}'));
  assert.equal(cursor.openObject("an object"), true);
  const seen: [number, string][] = [];
  let guess = 0;
  do {
    const key = cursor.key(table, guess);
    guess = key + 1;
    seen.push([key, cursor.keyText()]);
    skipValue(cursor);
  } while (cursor.more(0x7d));
  assert.deepEqual(seen, [[1, "ab"], [0, "a"], [-1, "ab"], [-1, "c"]]);
});

test("a place counts lines and characters, not bytes", () => {
  const cursor = cursorOver(encoder.encode('{"é":1,\n "日本": x}'));
  assert.throws(() => skipValue(cursor), (error) => {
    assert.ok(error instanceof PlaceError);
    assert.deepEqual([error.line, error.column], [2, 8]);
    return true;
  });
});

test("deep nesting is refused, not a crash", () => {
  assert.equal(cursorAccepts(encoder.encode("[".repeat(100000))), false);
});

test("the first byte that is no UTF-8 is found wherever it stands", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.nat(),
      fc.integer({ min: 0xf8, max: 0xff }),
      (text, at, bad) => {
        const bytes = encoder.encode(text);
        const place = bytes.length === 0
          ? 0
          : [...text].slice(0, at % [...text].length).join("").length;
        const before = encoder.encode(text.slice(0, place));
        const broken = new Uint8Array([...before, bad, ...bytes.subarray(before.length)]);
        assert.equal(firstInvalid(broken, 0, broken.length), before.length);
      },
    ),
  );
});
