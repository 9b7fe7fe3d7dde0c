import type { NativeLibrary, NativeSignature, NativeType } from "./library.ts";

interface BunFfi {
  dlopen(
    name: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, (...args: unknown[]) => unknown>; close(): void };
  ptr(bytes: Uint8Array): number;
}

const TYPES: Readonly<Record<NativeType, string>> = {
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "ptr",
};

/** Loads a library through `bun:ffi`. @throws when it cannot be loaded. */
export async function open(
  name: string,
  signatures: Readonly<Record<string, NativeSignature>>,
): Promise<NativeLibrary> {
  // Named at run time: Deno, which checks this file too, has no such module.
  const module = "bun:ffi";
  const ffi: BunFfi = await import(module);
  const opened: { close(): void }[] = [];
  const table = new Map<string, (...args: unknown[]) => unknown>();
  let problem: unknown = null;
  for (const [symbol, { parameters }] of Object.entries(signatures)) {
    try {
      // One by one: a symbol that is missing makes Bun refuse the whole list.
      const library = ffi.dlopen(name, {
        [symbol]: { args: parameters.map((type) => TYPES[type]), returns: "i32" },
      });
      opened.push(library);
      table.set(symbol, library.symbols[symbol]);
    } catch (error) {
      problem ??= error;
    }
  }
  if (table.size === 0) throw problem;
  const call: NativeLibrary["call"] = (symbol, args) => {
    const found = table.get(symbol);
    if (found === undefined) throw new Error(`${name} has no ${symbol}`);
    return Number(found(...args));
  };
  return {
    threads: false,
    has: (symbol) => table.has(symbol),
    call,
    callBlocking: (symbol, args) => Promise.resolve(call(symbol, args)),
    addressOf: (bytes) => BigInt(ffi.ptr(bytes)),
    close: () => {
      for (const library of opened) library.close();
    },
  };
}
