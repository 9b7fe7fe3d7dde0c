import type { NativeArgument, NativeLibrary, NativeSignature, NativeType } from "./library.ts";

type Call = (...args: unknown[]) => unknown;

const TYPES: Readonly<Record<NativeType, Deno.NativeType>> = {
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "buffer",
};

/** Suffix of the second entry of a function that may block. */
const ELSEWHERE = "@thread";

/** Loads a library through `Deno.dlopen`. @throws when it cannot be loaded. */
export function open(
  name: string,
  signatures: Readonly<Record<string, NativeSignature>>,
): Promise<NativeLibrary> {
  const symbols: Record<string, Deno.ForeignFunction> = {};
  for (const [symbol, { parameters, blocking }] of Object.entries(signatures)) {
    const plain = {
      name: symbol,
      parameters: parameters.map((type) => TYPES[type]),
      result: "i32" as const,
      optional: true as const,
    };
    symbols[symbol] = plain as Deno.ForeignFunction;
    if (blocking === true) {
      symbols[`${symbol}${ELSEWHERE}`] = { ...plain, nonblocking: true } as Deno.ForeignFunction;
    }
  }
  const opened = Deno.dlopen(name, symbols);
  const table = opened.symbols as unknown as Record<string, Call | null>;
  const entry = (symbol: string): Call => {
    const found = table[symbol];
    if (found === null || found === undefined) throw new Error(`${name} has no ${symbol}`);
    return found;
  };
  return Promise.resolve({
    threads: true,
    has: (symbol) => table[symbol] !== null && table[symbol] !== undefined,
    call: (symbol, args) => entry(symbol)(...args) as number,
    callBlocking: async (symbol, args: readonly NativeArgument[]) =>
      await entry(`${symbol}${ELSEWHERE}`)(...args) as number,
    addressOf: (bytes) => {
      const pointer = Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>);
      return pointer === null ? 0n : BigInt(Deno.UnsafePointer.value(pointer));
    },
    close: () => opened.close(),
  });
}
