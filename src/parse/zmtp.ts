/**
 * The wire format of ZeroMQ (ZMTP 3.0, RFC 23/ZMTP) as a subscriber needs it: greeting, NULL handshake,
 * frames. The maintained ZeroMQ packages for JavaScript are native add-ons with prebuilt binaries for some
 * platforms and runtimes; a subscriber is these few pages.
 */
const SIGNATURE_BYTES = 10;
export const GREETING_BYTES = 64;

const FLAG_MORE = 1;
const FLAG_LONG = 2;
const FLAG_COMMAND = 4;

/** No frame of a monitored engine is larger; a larger length is damage or another protocol. */
const MAX_FRAME_BYTES = 256 * 2 ** 20;

/** Version 3.0, mechanism NULL: the peer then speaks 3.0 too, whatever it could. */
export function zmtpGreeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[SIGNATURE_BYTES - 1] = 0x7f;
  bytes[10] = 3;
  bytes[11] = 0;
  bytes.set(new TextEncoder().encode("NULL"), 12);
  return bytes;
}

/** What is wrong with a peer's greeting, or null. */
export function greetingProblem(bytes: Uint8Array): string | null {
  if (bytes[0] !== 0xff || bytes[9] !== 0x7f) return "the peer does not speak ZMTP";
  if (bytes[10] < 3) return `the peer speaks ZMTP ${bytes[10]}, expected 3`;
  const mechanism = new TextDecoder().decode(bytes.subarray(12, 32)).replace(/\0+$/, "");
  return mechanism === "NULL" ? null : `the peer wants the mechanism ${mechanism}, expected NULL`;
}

function frame(flags: number, body: Uint8Array): Uint8Array {
  const long = body.length > 255;
  const head = long ? 9 : 2;
  const bytes = new Uint8Array(head + body.length);
  bytes[0] = flags | (long ? FLAG_LONG : 0);
  if (long) new DataView(bytes.buffer).setBigUint64(1, BigInt(body.length));
  else bytes[1] = body.length;
  bytes.set(body, head);
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const text = (value: string) => new TextEncoder().encode(value);
const short = (value: string) => concat(new Uint8Array([value.length]), text(value));

/** The READY command with the socket's type. */
export function zmtpReady(socketType: "SUB" | "PUB"): Uint8Array {
  const value = text(socketType);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, value.length);
  return frame(FLAG_COMMAND, concat(short("READY"), short("Socket-Type"), length, value));
}

/** A subscription to every topic that begins so, as a message of ZMTP 3.0. */
export function zmtpSubscribe(topic: string): Uint8Array {
  return frame(0, concat(new Uint8Array([1]), text(topic)));
}

/** A message of several parts. */
export function zmtpMessage(parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.map((part, i) => frame(i < parts.length - 1 ? FLAG_MORE : 0, part)));
}

/** What arrived: a message with all its parts, or a command by its name. */
export type ZmtpEvent =
  | { readonly kind: "message"; readonly parts: readonly Uint8Array[] }
  | { readonly kind: "command"; readonly name: string; readonly body: Uint8Array };

/** Puts frames together from the pieces that a connection delivers. */
export interface ZmtpReader {
  /** @throws Error when the bytes cannot be frames. */
  push(bytes: Uint8Array): ZmtpEvent[];
}

/** A reader of what follows the greeting. */
export function createZmtpReader(): ZmtpReader {
  let pending: Uint8Array = new Uint8Array(0);
  let parts: Uint8Array[] = [];
  return {
    push: (bytes) => {
      pending = pending.length === 0 ? bytes : concat(pending, bytes);
      const events: ZmtpEvent[] = [];
      for (;;) {
        if (pending.length < 2) return events;
        const flags = pending[0];
        if ((flags & ~(FLAG_MORE | FLAG_LONG | FLAG_COMMAND)) !== 0) {
          throw new Error(`a frame with the flags 0x${flags.toString(16)}`);
        }
        const long = (flags & FLAG_LONG) !== 0;
        const head = long ? 9 : 2;
        if (pending.length < head) return events;
        const view = new DataView(pending.buffer, pending.byteOffset, pending.byteLength);
        const length = long ? Number(view.getBigUint64(1)) : pending[1];
        if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
        if (pending.length < head + length) return events;
        const body = pending.slice(head, head + length);
        pending = pending.subarray(head + length);
        if ((flags & FLAG_COMMAND) !== 0) {
          const name = new TextDecoder().decode(body.subarray(1, 1 + body[0]));
          events.push({ kind: "command", name, body: body.subarray(1 + body[0]) });
          continue;
        }
        parts.push(body);
        if ((flags & FLAG_MORE) !== 0) continue;
        events.push({ kind: "message", parts });
        parts = [];
      }
    },
  };
}
