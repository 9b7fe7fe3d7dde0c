import { PlaceError } from "../../parse/place_error.ts";
import {
  type CsvHeader,
  readRequestCsv,
  type RequestCsvLayout,
  streamRequestCsv,
} from "../csv_requests.ts";
import type { Importer, ImportHead } from "../importer.ts";

/** Names by which the tools of the field call the same column, in lower case without punctuation. */
const INPUT = [
  "prompttokens",
  "inputtokens",
  "inputlength",
  "inputlen",
  "promptlength",
  "promptlen",
  "requesttokens",
  "contexttokens",
  "numprefilltokens",
  "numprompttokens",
  "prefill",
];
const OUTPUT = [
  "outputtokens",
  "generatedtokens",
  "completiontokens",
  "responsetokens",
  "outputlength",
  "outputlen",
  "generationlength",
  "numdecodetokens",
  "numoutputtokens",
  "decode",
];
const SESSION = ["sessionid", "session", "conversationid", "userid"];
/** Arrival columns with the nanoseconds of their unit. */
const ARRIVAL: Readonly<Record<string, number>> = {
  arrivedat: 1e9,
  arrivaltime: 1e9,
  arrivalseconds: 1e9,
  arrivals: 1e9,
  arrival: 1e9,
  timestamp: 1e9,
  time: 1e9,
  starttime: 1e9,
  requesttime: 1e9,
  timestampms: 1e6,
  arrivalms: 1e6,
  arrivaltimems: 1e6,
  timestampus: 1e3,
  arrivalus: 1e3,
  arrivaltimeus: 1e3,
  arrivaltimens: 1,
  timestampns: 1,
  arrivalns: 1,
};

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

function indexes(cells: readonly string[]) {
  const names = cells.map(plain);
  return {
    input: names.findIndex((name) => INPUT.includes(name)),
    output: names.findIndex((name) => OUTPUT.includes(name)),
    session: names.findIndex((name) => SESSION.includes(name)),
    arrival: names.findIndex((name) => ARRIVAL[name] !== undefined),
    names,
  };
}

function layoutOf({ row, line }: CsvHeader): RequestCsvLayout {
  const { input, output, session, arrival, names } = indexes(row.cells);
  if (input < 0 || output < 0) {
    throw new PlaceError(
      line,
      1,
      `the header has no column of ${input < 0 ? "prompt" : "generated"} tokens: found ${
        row.cells.join(",").slice(0, 120)
      }`,
      "name the columns prompt_tokens and output_tokens, and arrival_time (seconds) where known",
    );
  }
  const used = [input, output, session, arrival];
  return {
    input,
    output,
    session,
    turn: -1,
    arrival,
    arrivalUnitNs: arrival < 0 ? 1e9 : ARRIVAL[names[arrival]],
    ignored: row.cells.filter((_, i) => !used.includes(i)),
  };
}

function detect(head: ImportHead): number {
  const first = head.text.replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0];
  if (first.trimStart().startsWith("{")) return 0;
  const { input, output } = indexes(first.replaceAll('"', "").split(","));
  return input >= 0 && output >= 0 ? 0.7 : 0;
}

/**
 * A CSV with a header and one request a line: prompt and generated tokens, and where known an arrival
 * (seconds, or the unit in the column's name: `arrival_ms`; or wall-clock times) and a session. The names of
 * Vidur, BurstGPT and vLLM's benchmarks are known. Times may be equal but not descend.
 */
export const format: Importer<"requests"> = {
  name: "requests-csv",
  kind: "requests",
  summary: "CSV of requests: prompt and output tokens, with arrival and session where known",
  reference: "this tool; column names of Vidur (trace_request_generator) and BurstGPT",
  detect,
  read: (input) => readRequestCsv(input, "requests-csv", layoutOf),
  stream: (input) => streamRequestCsv(input, "requests-csv", layoutOf),
};
