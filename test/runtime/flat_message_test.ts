import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flatten, unflatten } from "../../src/runtime/flat_message.ts";

const TYPES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** Any typed array, over a part of its buffer or the whole. */
const view = fc.tuple(
  fc.constantFrom(...TYPES),
  fc.nat(5),
  fc.nat(5),
  fc.uint8Array({ minLength: 88, maxLength: 88 }),
).map(([Type, from, length, bytes]) => {
  const whole = new Type(bytes.slice().buffer);
  return whole.subarray(from, from + length) as ArrayBufferView;
});

const message = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.double(),
    fc.constantFrom(null, undefined, true),
    view,
    fc.array(fc.double()),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

function holdsViews(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return true;
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some(holdsViews);
}

test("a message of any shape crosses to another thread and comes back the same, without typed arrays on the way", () => {
  fc.assert(fc.property(message, (value) => {
    const flat = flatten(value);
    assert.ok(!holdsViews(flat));
    assert.deepEqual(unflatten(structuredClone(flat)), value);
  }));
});

test("views of one buffer share it on the other side, and shared memory stays shared", () => {
  const buffer = new SharedArrayBuffer(16);
  const both = { a: new Uint32Array(buffer, 0, 2), b: new Float32Array(buffer, 8) };
  const arrived = unflatten<typeof both>(flatten(both));
  assert.equal(arrived.a.buffer, buffer);
  arrived.b[1] = 0.5;
  assert.equal(both.b[1], 0.5);
});
