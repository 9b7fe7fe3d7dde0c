import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

/**
 * Writer of GGUF version 3 model files (little endian, alignment 32), the format llama.cpp loads.
 * Layout: magic, version, tensor count, key count, keys, tensor table, padding, tensor data.
 * Source: ggml documentation, docs/gguf.md.
 */

/** Value of a metadata key. `u32`, `f32`, `string` and arrays of them are all that a llama model needs. */
export type GgufValue =
  | { readonly type: "u32"; readonly value: number }
  | { readonly type: "f32"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "f32s"; readonly value: Float32Array }
  | { readonly type: "i32s"; readonly value: Int32Array };

export interface GgufTensor {
  readonly name: string;
  /** Dimensions, fastest first, as ggml orders them. */
  readonly shape: readonly number[];
  readonly type: "f32" | "f16";
  /** Fills a buffer with the tensor's next bytes; called with consecutive pieces. */
  readonly fill: (piece: Uint8Array) => void;
}

const VALUE_TYPES = { u32: 4, i32: 5, f32: 6, string: 8, array: 9 } as const;
const TENSOR_TYPES = { f32: { id: 0, bytes: 4 }, f16: { id: 1, bytes: 2 } } as const;
const ALIGNMENT = 32;
const PIECE_BYTES = 1 << 20;

/** Growing little-endian byte buffer. */
class ByteWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  #room(count: number): DataView {
    if (this.#length + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    const view = new DataView(this.#bytes.buffer, this.#length, count);
    this.#length += count;
    return view;
  }
  u32(value: number): void {
    this.#room(4).setUint32(0, value, true);
  }
  i32(value: number): void {
    this.#room(4).setInt32(0, value, true);
  }
  u64(value: number): void {
    this.#room(8).setBigUint64(0, BigInt(value), true);
  }
  f32(value: number): void {
    this.#room(4).setFloat32(0, value, true);
  }
  string(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u64(encoded.length);
    const view = this.#room(encoded.length);
    new Uint8Array(view.buffer, view.byteOffset, encoded.length).set(encoded);
  }
  pad(alignment: number): void {
    this.#room((alignment - this.#length % alignment) % alignment);
  }
  get length(): number {
    return this.#length;
  }
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

function writeValue(out: ByteWriter, entry: GgufValue): void {
  switch (entry.type) {
    case "u32":
      out.u32(VALUE_TYPES.u32);
      out.u32(entry.value);
      return;
    case "f32":
      out.u32(VALUE_TYPES.f32);
      out.f32(entry.value);
      return;
    case "string":
      out.u32(VALUE_TYPES.string);
      out.string(entry.value);
      return;
    case "strings":
      arrayHead(out, VALUE_TYPES.string, entry.value.length);
      for (const text of entry.value) out.string(text);
      return;
    case "f32s":
      arrayHead(out, VALUE_TYPES.f32, entry.value.length);
      for (const x of entry.value) out.f32(x);
      return;
    case "i32s":
      arrayHead(out, VALUE_TYPES.i32, entry.value.length);
      for (const x of entry.value) out.i32(x);
      return;
  }
}

function arrayHead(out: ByteWriter, type: number, length: number): void {
  out.u32(VALUE_TYPES.array);
  out.u32(type);
  out.u64(length);
}

function tensorBytes(tensor: GgufTensor): number {
  return tensor.shape.reduce((a, b) => a * b, TENSOR_TYPES[tensor.type].bytes);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The part of the file before the tensor data. */
export function ggufHeader(
  metadata: readonly (readonly [string, GgufValue])[],
  tensors: readonly GgufTensor[],
): Uint8Array {
  const out = new ByteWriter();
  out.u32(0x46554747); // "GGUF"
  out.u32(3);
  out.u64(tensors.length);
  out.u64(metadata.length);
  for (const [key, value] of metadata) {
    out.string(key);
    writeValue(out, value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    out.string(tensor.name);
    out.u32(tensor.shape.length);
    for (const size of tensor.shape) out.u64(size);
    out.u32(TENSOR_TYPES[tensor.type].id);
    out.u64(offset);
    offset = aligned(offset + tensorBytes(tensor));
  }
  out.pad(ALIGNMENT);
  return out.bytes();
}

/** Writes a whole model file with fsync and returns its size in bytes. */
export function writeGguf(
  path: string,
  metadata: readonly (readonly [string, GgufValue])[],
  tensors: readonly GgufTensor[],
): number {
  const file = openSync(path, "w");
  try {
    const header = ggufHeader(metadata, tensors);
    let total = writeAll(file, header);
    const piece = new Uint8Array(PIECE_BYTES);
    for (const tensor of tensors) {
      let left = tensorBytes(tensor);
      const padding = aligned(left) - left;
      while (left > 0) {
        const part = piece.subarray(0, Math.min(left, PIECE_BYTES));
        tensor.fill(part);
        total += writeAll(file, part);
        left -= part.length;
      }
      if (padding > 0) total += writeAll(file, new Uint8Array(padding));
    }
    fsyncSync(file);
    return total;
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done);
  return done;
}
