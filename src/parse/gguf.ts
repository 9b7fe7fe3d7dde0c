import { dataError } from "../model/errors.ts";

/**
 * Bytes of a block and its elements for the tensor types of ggml (ggml.c, type traits). Types that are not
 * listed are sized as unknown: then only the start of the last tensor can be checked.
 */
const TENSOR_TYPES: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  30: [1, 2],
};

/** Bytes of the scalar types of metadata values; strings and arrays are read by their own lengths. */
const SCALARS: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const STRING = 8;
const ARRAY = 9;

/** A reader that runs past the end of the head says so by this. */
const SHORT = Symbol("short");

function createCursor(head: Uint8Array) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let at = 0;
  const take = (bytes: number): number => {
    const from = at;
    at += bytes;
    if (at > head.byteLength) throw SHORT;
    return from;
  };
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const skipString = () => void take(u64());
  const skipValue = (type: number): void => {
    if (type === STRING) return skipString();
    if (type !== ARRAY) return void take(SCALARS[type] ?? 8);
    const inner = u32();
    const count = u64();
    if (inner !== STRING && inner !== ARRAY) return void take(count * (SCALARS[inner] ?? 8));
    for (let i = 0; i < count; i++) skipValue(inner);
  };
  const readString = () => {
    const length = u64();
    const from = take(length);
    return new TextDecoder().decode(head.subarray(from, from + length));
  };
  return { u32, u64, skipString, skipValue, readString, position: () => at };
}

/**
 * Checks that a GGUF model (versions 2 and 3) is whole before an engine maps it: the tensor table says where
 * the last tensor ends.
 *
 * @param head The start of the file: header, metadata and tensor table.
 * @param fileBytes Size of the whole file.
 * @throws data error for another format and for a file that is cut short.
 */
export function checkGguf(head: Uint8Array, fileBytes: number, label: string): void {
  const cut = (needed: string) =>
    dataError(
      `${label}: the model file is cut short: it has ${fileBytes} bytes, ${needed}`,
      "copy or download it again",
    );
  const magic = new TextDecoder("latin1").decode(head.subarray(0, 4));
  if (magic !== "GGUF") {
    throw fileBytes < 4
      ? cut("a GGUF header needs 24")
      : dataError(`${label}: no GGUF model: it starts with ${JSON.stringify(magic)}, not "GGUF"`);
  }
  let end: number;
  try {
    end = endOfTensors(head);
  } catch (error) {
    if (error !== SHORT) throw error;
    // The head holds all of a small file, so that its end is the file's.
    if (head.byteLength >= fileBytes) throw cut("and ends within its header");
    return;
  }
  if (end > fileBytes) throw cut(`and its tensors end at ${end}`);
}

function endOfTensors(head: Uint8Array): number {
  const cursor = createCursor(head);
  cursor.u32();
  cursor.u32();
  const tensors = cursor.u64();
  const keys = cursor.u64();
  let alignment = 32;
  for (let i = 0; i < keys; i++) {
    const key = cursor.readString();
    const type = cursor.u32();
    if (key === "general.alignment" && type === 4) alignment = cursor.u32();
    else cursor.skipValue(type);
  }
  let last = 0;
  for (let i = 0; i < tensors; i++) {
    cursor.skipString();
    let elements = 1;
    for (let left = cursor.u32(); left > 0; left--) elements *= cursor.u64();
    const [perBlock, bytes] = TENSOR_TYPES[cursor.u32()] ?? [1, 0];
    last = Math.max(last, cursor.u64() + elements / perBlock * bytes);
  }
  return Math.ceil(cursor.position() / alignment) * alignment + last;
}
