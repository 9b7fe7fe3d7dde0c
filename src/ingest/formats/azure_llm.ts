import { PlaceError } from "../../parse/place_error.ts";
import {
  type CsvHeader,
  readRequestCsv,
  type RequestCsvLayout,
  streamRequestCsv,
} from "../csv_requests.ts";
import type { Importer, ImportHead } from "../importer.ts";

const NAMES = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"] as const;

function layoutOf({ row, line }: CsvHeader): RequestCsvLayout {
  const [arrival, input, output] = NAMES.map((name) => row.cells.indexOf(name));
  const missing = NAMES.find((name) => !row.cells.includes(name));
  if (missing !== undefined) {
    throw new PlaceError(
      line,
      1,
      `the header has no column ${missing}: found ${row.cells.join(",")}`,
    );
  }
  const known = new Set<string>(NAMES);
  return {
    arrival,
    arrivalUnitNs: 1e9,
    input,
    output,
    session: -1,
    turn: -1,
    ignored: row.cells.filter((name) => !known.has(name)),
  };
}

function detect(head: ImportHead): number {
  const first = head.text.replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0];
  const cells = first.split(",").map((cell) => cell.trim());
  return NAMES.every((name) => cells.includes(name)) ? 0.99 : 0;
}

/**
 * Azure LLM inference traces (2023 and 2024): `TIMESTAMP` (UTC, up to nine fractional digits; equal times
 * are fine, descending ones are refused), `ContextTokens`, `GeneratedTokens`. The first time counts as zero.
 */
export const format: Importer<"requests"> = {
  name: "azure-llm",
  kind: "requests",
  summary: "Azure LLM inference trace, CSV with TIMESTAMP, ContextTokens, GeneratedTokens",
  reference: "Azure/AzurePublicDataset, AzureLLMInferenceDataset2023.md; Splitwise (ISCA 24)",
  detect,
  read: (input) => readRequestCsv(input, "azure-llm", layoutOf),
  stream: (input) => streamRequestCsv(input, "azure-llm", layoutOf),
};
