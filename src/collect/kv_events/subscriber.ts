import { connect, type Socket } from "node:net";
import { messageOf } from "../../model/errors.ts";
import {
  createZmtpReader,
  GREETING_BYTES,
  greetingProblem,
  zmtpGreeting,
  zmtpReady,
  zmtpSubscribe,
} from "../../parse/zmtp.ts";

/** A subscription to a ZeroMQ publisher that is connected anew when it breaks. */
export interface Subscriber {
  /** Whether the handshake is done and messages flow. */
  connected(): boolean;
  /** Times the connection broke after it had been made. */
  breaks(): number;
  /** Why it is not connected; null while it is. */
  problem(): string | null;
  close(): void;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

/** Host and port of `tcp://host:port`, or null. */
export function endpointOf(text: string): { host: string; port: number } | null {
  const match = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/\s]+):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[2]);
  return port > 0 && port < 65536 ? { host: match[1].replace(/[[\]]/g, ""), port } : null;
}

/** Subscribes to all topics; each message is handed on with its parts. */
export function subscribe(
  { host, port }: { host: string; port: number },
  onMessage: (parts: readonly Uint8Array[]) => void,
): Subscriber {
  let socket: Socket | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let waitMs = FIRST_WAIT_MS;
  let ready = false;
  let broken = 0;
  let problem: string | null = null;
  let closed = false;

  const open = () => {
    const reader = createZmtpReader();
    let greeting = new Uint8Array(0);
    let greeted = false;
    const current = connect({ host, port });
    socket = current;
    const fail = (why: string) => {
      problem = why;
      current.destroy();
    };
    const take = (bytes: Uint8Array) => {
      for (const event of reader.push(bytes)) {
        if (event.kind === "message") onMessage(event.parts);
        else if (event.name === "READY") {
          current.write(zmtpSubscribe(""));
          ready = true;
          problem = null;
          waitMs = FIRST_WAIT_MS;
        } else if (event.name === "ERROR") {
          fail(`the publisher refuses: ${new TextDecoder().decode(event.body.subarray(1))}`);
        }
      }
    };
    current.on("connect", () => current.write(zmtpGreeting()));
    current.on("data", (data) => {
      try {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        if (greeted) return take(bytes.slice());
        const all = new Uint8Array(greeting.length + bytes.length);
        all.set(greeting);
        all.set(bytes, greeting.length);
        greeting = all;
        if (greeting.length < GREETING_BYTES) return;
        const wrong = greetingProblem(greeting);
        if (wrong !== null) return fail(wrong);
        greeted = true;
        current.write(zmtpReady("SUB"));
        if (greeting.length > GREETING_BYTES) take(greeting.slice(GREETING_BYTES));
      } catch (error) {
        fail(messageOf(error));
      }
    });
    current.on(
      "error",
      (error) => problem ??= (error as NodeJS.ErrnoException).code ?? messageOf(error),
    );
    current.on("close", () => {
      if (ready) broken++;
      ready = false;
      problem ??= "the publisher closed the connection";
      if (closed) return;
      timer = setTimeout(open, waitMs);
      waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
    });
  };
  open();
  return {
    connected: () => ready,
    breaks: () => broken,
    problem: () => ready ? null : problem ?? "not connected yet",
    close: () => {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      socket?.destroy();
    },
  };
}
