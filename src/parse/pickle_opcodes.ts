/** Opcodes that could build an object or run code; a snapshot needs none of them. */
export const REFUSED: Readonly<Record<number, string>> = {
  0x63: "GLOBAL",
  0x93: "STACK_GLOBAL",
  0x52: "REDUCE",
  0x62: "BUILD",
  0x69: "INST",
  0x6f: "OBJ",
  0x81: "NEWOBJ",
  0x92: "NEWOBJ_EX",
  0x50: "PERSID",
  0x51: "BINPERSID",
  0x82: "EXT1",
  0x83: "EXT2",
  0x84: "EXT4",
  0x97: "NEXT_BUFFER",
  0x98: "READONLY_BUFFER",
};

/** Bytes of argument behind an opcode. */
const FIXED: Readonly<Record<number, number>> = {
  0x80: 1, // PROTO
  0x95: 8, // FRAME
  0x4a: 4, // BININT
  0x4b: 1, // BININT1
  0x4d: 2, // BININT2
  0x47: 8, // BINFLOAT
  0x71: 1, // BINPUT
  0x72: 4, // LONG_BINPUT
  0x68: 1, // BINGET
  0x6a: 4, // LONG_BINGET
};

/** Bytes of the length that stands before an argument of variable length. */
const PREFIXED: Readonly<Record<number, number>> = {
  0x8a: 1, // LONG1
  0x8b: 4, // LONG4
  0x8c: 1, // SHORT_BINUNICODE
  0x58: 4, // BINUNICODE
  0x8d: 8, // BINUNICODE8
};

/** No single value of a snapshot is longer. */
const MAX_VALUE_BYTES = 2 ** 30;

/** The opcodes' sizes as tables, for loops over many of them. */
export interface OpcodeSizes {
  /**
   * Length of the opcode at `at`, its argument included; -1 when the bytes end before that is known, -2 when
   * it claims a length that cannot be.
   */
  lengthAt(bytes: Uint8Array, view: DataView, at: number, end: number): number;
}

export function opcodeSizes(): OpcodeSizes {
  const fixed = new Uint8Array(256);
  const prefixed = new Uint8Array(256);
  for (const [code, size] of Object.entries(FIXED)) fixed[Number(code)] = size;
  for (const [code, size] of Object.entries(PREFIXED)) prefixed[Number(code)] = size;
  return {
    lengthAt(bytes, view, at, end) {
      const code = bytes[at];
      const prefix = prefixed[code];
      if (prefix === 0) return 1 + fixed[code];
      if (at + 1 + prefix > end) return -1;
      const length = prefix === 1
        ? bytes[at + 1]
        : prefix === 4
        ? view.getInt32(at + 1, true)
        : Number(view.getBigUint64(at + 1, true));
      return length < 0 || length > MAX_VALUE_BYTES ? -2 : 1 + prefix + length;
    },
  };
}
