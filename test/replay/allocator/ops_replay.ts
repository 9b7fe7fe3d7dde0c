import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importTrace } from "../../../src/ingest/import_trace.ts";
import type { Json } from "../../../src/model/json.ts";
import type { ReplayOutcome } from "../../../src/model/policy.ts";
import { FORMATS } from "../../../src/registry/formats.ts";
import { POLICIES } from "../../../src/registry/policies.ts";

export type Line = { readonly [key: string]: Json };

/** Runs `work` with a file of this content. */
export async function withFile<T>(
  name: string,
  content: string | Uint8Array,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-test-"));
  try {
    const path = join(folder, name);
    writeFileSync(path, content);
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Imports a file and replays it under a policy: its outcome and the line of every operation or step. */
export async function replayFile(
  path: string,
  policyName: string,
  params: Record<string, unknown>,
  onLine?: (line: Line) => void,
): Promise<{ outcome: ReplayOutcome; lines: Line[] }> {
  const trace = await importTrace(path, FORMATS);
  const entry = POLICIES.find((p) => p.family === "allocator" && p.name === policyName)!;
  const policy = await entry.load();
  const lines: Line[] = [];
  const replay = policy.create(policy.params.parse(params), {
    meta: trace.meta,
    profiles: { hardware: null, llm: null, site: null },
    seed: 1,
    seriesPoints: 100,
    onEvent: onLine ?? ((line) => void lines.push(line)),
  });
  for await (const batch of trace.batches()) replay.feed(batch);
  return { outcome: replay.finish(), lines };
}

/** The JSON line of an operation in the short notation of the golden files (`a ID SIZE [STREAM]`, ...). */
export function opLine(op: string): string {
  const [kind, a, b, c] = op.split(" ");
  const id = Number(a);
  switch (kind) {
    case "a":
      return JSON.stringify({ op: "alloc", id, bytes: Number(b), stream: Number(c ?? 0) });
    case "f":
      return JSON.stringify({ op: "free", id });
    case "r":
      return JSON.stringify({ op: "record_stream", id, stream: Number(b) });
    case "t":
      return JSON.stringify({ op: "stream_done", stream: Number(a) });
    case "e":
      return JSON.stringify({ op: "empty_cache" });
    case "p":
      return JSON.stringify({ op: "set_fraction", fraction: Number(a) });
    default:
      return JSON.stringify({ op: "snapshot" });
  }
}
