/** Offset of the first byte that starts no valid UTF-8 character; `to` when all are valid. */
export function firstInvalid(bytes: Uint8Array, from: number, to: number): number {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = from;
  while (at < to) {
    const byte = bytes[at];
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (length > 1) {
      try {
        strict.decode(bytes.subarray(at, Math.min(at + length, to)));
      } catch {
        return at;
      }
    }
    at += length;
  }
  return to;
}
