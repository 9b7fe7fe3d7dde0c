import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ggufHeader } from "../../src/workload/llm/gguf.ts";
import {
  halfBits,
  kvBytesPerToken,
  MODEL_SHAPES,
  parameterCount,
  writeRandomModel,
} from "../../src/workload/llm/random_model.ts";

const tiny = {
  name: "tiny",
  layers: 1,
  hidden: 64,
  heads: 2,
  kvHeads: 1,
  ffn: 96,
  vocab: 300,
  contextTokens: 64,
};

/** Reads back what the header says, with its own code. */
function readHeader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const u64 = () => Number(view.getBigUint64((at += 8) - 8, true));
  const text = () => {
    const length = u64();
    const value = new TextDecoder().decode(bytes.subarray(at, at + length));
    at += length;
    return value;
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return view.getInt32((at += 4) - 4, true);
    if (type === 6) return view.getFloat32((at += 4) - 4, true);
    if (type === 8) return text();
    assert.equal(type, 9);
    const inner = u32();
    return Array.from({ length: u64() }, () => value(inner));
  };
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 4)), "GGUF");
  at = 4;
  const version = u32();
  const tensorCount = u64();
  const keys = new Map<string, unknown>();
  for (let left = u64(); left > 0; left--) {
    const key = text();
    keys.set(key, value(u32()));
  }
  const tensors = Array.from({ length: tensorCount }, () => {
    const name = text();
    const shape = Array.from({ length: u32() }, () => u64());
    return { name, shape, type: u32(), offset: u64() };
  });
  return { version, keys, tensors, dataStart: Math.ceil(at / 32) * 32 };
}

test("a written model reads back with its keys, aligned tensors and exact size", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-gguf-"));
  try {
    const path = join(folder, "m.gguf");
    const size = writeRandomModel(path, tiny, 1);
    const bytes = readFileSync(path);
    assert.equal(statSync(path).size, size);
    const { version, keys, tensors, dataStart } = readHeader(bytes);
    assert.equal(version, 3);
    assert.equal(keys.get("llama.attention.head_count_kv"), 1);
    assert.equal((keys.get("tokenizer.ggml.tokens") as string[]).length, tiny.vocab);
    let end = 0;
    for (const tensor of tensors) {
      assert.equal(tensor.offset % 32, 0);
      assert.ok(tensor.offset >= end, `${tensor.name} overlaps`);
      end = tensor.offset + tensor.shape.reduce((a, b) => a * b, tensor.type === 1 ? 2 : 4);
    }
    assert.equal(dataStart + Math.ceil(end / 32) * 32, size);
    const weights = tensors.reduce((sum, t) => sum + t.shape.reduce((a, b) => a * b, 1), 0);
    assert.equal(weights, parameterCount(tiny));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the same seed gives the same bytes, another seed others", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-gguf-"));
  try {
    const hash = (seed: number) => {
      const path = join(folder, "m.gguf");
      writeRandomModel(path, tiny, seed);
      return createHash("sha256").update(readFileSync(path)).digest("hex");
    };
    assert.equal(hash(5), hash(5));
    assert.notEqual(hash(5), hash(6));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("half-precision bits are those of IEEE 754", () => {
  for (
    const [value, bits] of [[1, 0x3c00], [-2, 0xc000], [0.5, 0x3800], [0.333251953125, 0x3555]]
  ) {
    assert.equal(halfBits(value), bits);
  }
});

test("KV bytes a token follow from the shape: 36,864 for 12 layers of 768 with 16-bit elements", () => {
  const shape = MODEL_SHAPES.find((s) => s.name === "110m-mha")!;
  assert.equal(kvBytesPerToken(shape), 36_864);
});

test("an empty model has a header and nothing else", () => {
  const { keys, tensors, dataStart } = readHeader(ggufHeader([], []));
  assert.equal(keys.size + tensors.length, 0);
  assert.equal(dataStart, 32);
});
