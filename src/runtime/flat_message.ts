/** Marks what {@link flatten} puts in the place of a typed array. */
const VIEW = "spillway:view";

interface FlatView {
  readonly [VIEW]: string;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  /** Elements, not bytes. */
  readonly length: number;
}

type TypedArrayType = new (buffer: ArrayBufferLike, offset: number, length: number) => unknown;

const TYPES: { readonly [name: string]: TypedArrayType } = {
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
};

/**
 * A message without typed arrays: each is replaced by its buffer and where it lies in it. Deno's worker
 * threads look at a message's typed arrays element by element, even over shared memory, which takes 0.1 s
 * a MB; a buffer they pass at once.
 */
export function flatten(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const { constructor, buffer, byteOffset, length } = value as Uint8Array;
    return { [VIEW]: constructor.name, buffer, byteOffset, length } satisfies FlatView;
  }
  return mapped(value, flatten);
}

/** The message that was given to {@link flatten}, over the buffers that arrived. */
export function unflatten<T>(value: unknown): T {
  if (value !== null && typeof value === "object" && VIEW in value) {
    const { [VIEW]: name, buffer, byteOffset, length } = value as FlatView;
    return new TYPES[name](buffer, byteOffset, length) as T;
  }
  return mapped(value, unflatten) as T;
}

function mapped(value: unknown, map: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    // Long lists of numbers need no walk.
    return value.some((item) => item !== null && typeof item === "object") ? value.map(map) : value;
  }
  if (
    value !== null && typeof value === "object" &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]));
  }
  return value;
}
