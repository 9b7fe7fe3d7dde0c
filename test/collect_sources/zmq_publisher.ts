import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { encode } from "@msgpack/msgpack";
import {
  createZmtpReader,
  GREETING_BYTES,
  zmtpGreeting,
  zmtpMessage,
  zmtpReady,
} from "../../src/parse/zmtp.ts";

/** A ZeroMQ PUB socket as small as can be: what an engine's event publisher is on the wire. */
export interface Publisher {
  readonly endpoint: string;
  subscribers(): number;
  publish(sequence: number, batch: unknown, topic?: string): void;
  /** Breaks every connection; subscribers may come back. */
  drop(): void;
  close(): Promise<void>;
}

export async function startPublisher(): Promise<Publisher> {
  const subscribed = new Set<Socket>();
  const all = new Set<Socket>();
  const server = createServer((socket) => {
    all.add(socket);
    socket.on("close", () => {
      all.delete(socket);
      subscribed.delete(socket);
    });
    socket.on("error", () => {});
    socket.write(zmtpGreeting());
    const reader = createZmtpReader();
    let head = new Uint8Array(0);
    socket.on("data", (data) => {
      let bytes = new Uint8Array(data);
      if (head.length < GREETING_BYTES) {
        const joined = new Uint8Array(head.length + bytes.length);
        joined.set(head);
        joined.set(bytes, head.length);
        head = joined.slice(0, GREETING_BYTES);
        bytes = joined.slice(GREETING_BYTES);
        if (head.length === GREETING_BYTES && joined.length >= GREETING_BYTES) {
          socket.write(zmtpReady("PUB"));
        }
      }
      for (const event of reader.push(bytes)) {
        if (event.kind === "message" && event.parts[0][0] === 1) subscribed.add(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `tcp://127.0.0.1:${port}`,
    subscribers: () => subscribed.size,
    publish: (sequence, batch, topic = "kv") => {
      const number = new Uint8Array(8);
      new DataView(number.buffer).setBigUint64(0, BigInt(sequence));
      const payload = encode(batch, { useBigInt64: true });
      const message = zmtpMessage([new TextEncoder().encode(topic), number, payload]);
      // In two pieces, as a network may deliver it.
      for (const socket of subscribed) {
        socket.write(message.subarray(0, 7));
        socket.write(message.subarray(7));
      }
    },
    drop: () => {
      for (const socket of all) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of all) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Waits until something holds. @throws when it does not within five seconds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 250; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not within 5 s: ${what}`);
}
