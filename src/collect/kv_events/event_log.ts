import { closeSync, openSync, writeSync } from "node:fs";
import type { KvEvent } from "../../parse/kv_events.ts";
import type { Scrub } from "./scrub.ts";

/** Events of a recording, one a line, as `import` reads them (format `kv-events`). */
export interface KvEventLog {
  readonly path: string;
  event(unixSeconds: number, endpoint: number, event: KvEvent): void;
  /** Sequence numbers that never came. */
  gap(unixSeconds: number, endpoint: number, from: number, to: number): void;
  flush(): void;
  /** Why events are no longer written; null while they are. */
  problem(): string | null;
  close(): void;
}

const FLUSH_BYTES = 1 << 16;

/** Creates the log. A full disk ends the log, not the recording. @throws when it cannot be created. */
export function createKvEventLog(path: string, scrubbed: boolean, scrub: Scrub): KvEventLog {
  const file = openSync(path, "wx", 0o600);
  let waiting = `${JSON.stringify({ schema: "spillway/kv-events/1", scrubbed })}\n`;
  let problem: string | null = null;
  let closed = false;
  const flush = () => {
    if (waiting === "" || problem !== null) return;
    try {
      writeSync(file, waiting);
    } catch (error) {
      problem = `the log of KV events cannot be written (${(error as NodeJS.ErrnoException).code})`;
    }
    waiting = "";
  };
  const line = (value: unknown) => {
    if (problem !== null) return;
    waiting += `${JSON.stringify(value)}\n`;
    if (waiting.length > FLUSH_BYTES) flush();
  };
  return {
    path,
    event: (t, endpoint, event) => {
      const base = { t, ...(endpoint === 0 ? {} : { endpoint }) };
      if (event.kind === "cleared") return line({ ...base, event: "cleared" });
      const hashes = event.hashes.map(scrub);
      if (event.kind === "removed") {
        return line({ ...base, event: "removed", hashes, medium: event.medium });
      }
      line({
        ...base,
        event: "stored",
        hashes,
        parent: event.parent === null ? null : scrub(event.parent),
        blockTokens: event.blockTokens,
        tokens: event.tokens,
        medium: event.medium,
      });
    },
    gap: (t, endpoint, from, to) => line({ t, event: "gap", endpoint, from, to }),
    flush,
    problem: () => problem,
    close: () => {
      if (closed) return;
      closed = true;
      flush();
      closeSync(file);
    },
  };
}
