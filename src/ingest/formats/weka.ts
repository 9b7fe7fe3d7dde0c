import type { Trace } from "../../model/trace/trace.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAll } from "../input.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { WekaReader } from "../weka_reader.ts";

function detect(head: ImportHead): number {
  const text = head.text.slice(0, 65536);
  if (!/^\uFEFF?\s*\{/.test(text)) return 0;
  const keys = ["block_size", "requests", "hash_id_scope"].filter((key) =>
    new RegExp(`"${key}"\\s*:`).test(text)
  );
  if (!keys.includes("requests")) return 0;
  if (keys.length > 1) return keys.length === 3 ? 0.97 : 0.8;
  // The keys of the session may stand after all its requests.
  const request = ["in", "out", "t"].every((key) =>
    new RegExp(`"${key}"\\s*:\\s*[0-9]`).test(text)
  );
  return request && /"(hash_ids|a)"\s*:\s*\[/.test(text) ? 0.7 : 0;
}

/** Whether the first line holds a whole session, so that the input can be read line by line. */
async function isLines(input: ImportInput): Promise<boolean> {
  for await (const chunk of input.chunks()) {
    const text = new TextDecoder().decode(chunk).replace(/^\uFEFF?\s+/, "");
    const end = text.indexOf("\n");
    return end < 0 || text.slice(0, end).trimEnd().endsWith("}");
  }
  return true;
}

async function read(input: ImportInput): Promise<Trace<"requests">> {
  const reader = new WekaReader();
  const { cursor } = reader;
  if (await isLines(input)) {
    await forEachLine(input, (bytes, start, end, line) => {
      if (isBlank(bytes, start, end)) return;
      cursor.reset(bytes, start, end, line);
      reader.session();
      cursor.finish();
    });
  } else {
    const bytes = await readAll(input);
    cursor.reset(bytes, 0, bytes.length, 1);
    while (cursor.peek() !== -1) reader.session();
  }
  return reader.finish(await input.sha256());
}

/**
 * Agent sessions of the WEKA trace: `trace_*.json` as published (one session a file, `hash_ids` of
 * `block_size` tokens, sub-agents nested), and their lossless compact form, one session a line, where a
 * request has `k` (length of the prefix shared with the request before it in document order) and `a` (ranges
 * `[start, count]`). Rules: block ids are local to a session; a request has `floor(in / block_size)` of
 * them; times may be equal but not descend within a session.
 */
export const format: Importer<"requests"> = {
  name: "weka",
  kind: "requests",
  summary: "WEKA agent sessions: trace_*.json as published, or one session a line in compact form",
  reference: "callanjfox/kv-cache-tester, traces/ (Apache-2.0)",
  detect,
  read,
};
