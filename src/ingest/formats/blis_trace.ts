import { PlaceError } from "../../parse/place_error.ts";
import { type CsvHeader, readRequestCsv, type RequestCsvLayout } from "../csv_requests.ts";
import type { Importer, ImportHead } from "../importer.ts";

const NEEDED = ["request_id", "input_tokens", "output_tokens", "arrival_time_us"] as const;
const TIMES = ["send_time_us", "first_chunk_time_us"] as const;
const OWN = ["session_id", "round_index"] as const;

function layoutOf({ row, line }: CsvHeader): RequestCsvLayout {
  const missing = NEEDED.find((name) => !row.cells.includes(name));
  if (missing !== undefined) {
    throw new PlaceError(
      line,
      1,
      `the header has no column ${missing}: found ${row.cells.join(",").slice(0, 120)}`,
      "a TraceV2 is a YAML header and a CSV: import the CSV",
    );
  }
  const firstToken = {
    sent: row.cells.indexOf("send_time_us"),
    received: row.cells.indexOf("first_chunk_time_us"),
  };
  const timed = firstToken.sent >= 0 && firstToken.received >= 0;
  const used = new Set<string>([...NEEDED, ...OWN, ...(timed ? TIMES : [])]);
  return {
    arrival: row.cells.indexOf("arrival_time_us"),
    arrivalUnitNs: 1e3,
    input: row.cells.indexOf("input_tokens"),
    output: row.cells.indexOf("output_tokens"),
    session: row.cells.indexOf("session_id"),
    turn: row.cells.indexOf("round_index"),
    ...(timed ? { firstToken } : {}),
    ignored: row.cells.filter((name) => !used.has(name)),
  };
}

function detect(head: ImportHead): number {
  const cells = head.text.replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0].split(",");
  return NEEDED.every((name) => cells.includes(name)) &&
      (cells.includes("round_index") || cells.includes("slo_class"))
    ? 0.98
    : 0;
}

/**
 * The CSV of a TraceV2 of BLIS (inference-sim): arrival in microseconds, prompt and generated tokens,
 * session and round. Its YAML header holds nothing of the requests and is not needed. Times may be equal
 * but not descend within a session. A log of a real server also says when each request was sent and its
 * first chunk came: the time to the first token, which no trace keeps, but which a replay is held against.
 */
export const format: Importer<"requests"> = {
  name: "blis-trace",
  kind: "requests",
  summary: "CSV of a BLIS TraceV2 (inference-sim): arrival_time_us, tokens, session, round",
  reference: "inference-sim/inference-sim, sim/workload/tracev2.go",
  detect,
  read: (input) => readRequestCsv(input, "blis-trace", layoutOf),
};
