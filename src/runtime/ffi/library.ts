import process from "node:process";
import { messageOf } from "../../model/errors.ts";

/** Types that cross the border. A `u64` also carries handles: they are pointers that are only passed on. */
export type NativeType = "i32" | "u32" | "u64" | "buffer";

/** A C function: its parameters, and an int as its result. */
export interface NativeSignature {
  readonly parameters: readonly NativeType[];
  /** Whether calls may block: then they are made on another thread where the runtime can do that. */
  readonly blocking?: boolean;
}

export type NativeArgument = number | bigint | Uint8Array;

/** A loaded C library. Symbols that it lacks are no error: old releases lack new functions. */
export interface NativeLibrary {
  has(symbol: string): boolean;
  /** @throws when the library lacks the symbol. */
  call(symbol: string, args: readonly NativeArgument[]): number;
  /** Whether blocking calls leave this thread free (Deno); elsewhere they would hold up every tick. */
  readonly threads: boolean;
  /** As `call` on another thread; on this one where the runtime has no other way. */
  callBlocking(symbol: string, args: readonly NativeArgument[]): Promise<number>;
  /** Address of the first byte; valid while the array is referenced. */
  addressOf(bytes: Uint8Array): bigint;
  close(): void;
}

/** A library, or why it cannot be loaded. */
export type NativeOpened = { readonly library: NativeLibrary } | { readonly problem: string };

/**
 * Loads a library by its name (the system's search path) or its path.
 *
 * @returns the library, or the reason: it is not installed, or the runtime has no permission (--allow-ffi).
 */
export async function openLibrary(
  name: string,
  signatures: Readonly<Record<string, NativeSignature>>,
): Promise<NativeOpened> {
  try {
    const { open } = process.versions.bun === undefined
      ? await import("./deno.ts")
      : await import("./bun.ts");
    return { library: await open(name, signatures) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** A C string with its closing zero. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** The text before the first zero byte. */
export function textOfC(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}
