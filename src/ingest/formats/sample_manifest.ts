import { counted } from "../../model/plural.ts";
import { type SampleFile, sampleTrace } from "../../model/trace/sample_trace.ts";
import { csvLine } from "../../parse/csv_line.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { placeError } from "../place.ts";

const PATHS = ["path", "file", "name", "key"];
const SIZES = ["bytes", "size_bytes", "size"];

interface Header {
  readonly path: number;
  readonly bytes: number;
  readonly samples: number;
  readonly width: number;
}

function headerOf(cells: readonly string[]): Header | null {
  const names = cells.map((c) => c.replace(/^\uFEFF/, "").trim().toLowerCase());
  const [path, bytes] = [PATHS, SIZES].map((known) => names.findIndex((n) => known.includes(n)));
  if (path < 0 || bytes < 0) return null;
  return { path, bytes, samples: names.indexOf("samples"), width: names.length };
}

function detect(head: ImportHead): number {
  const first = head.text.split("\n").find((line) => line.trim() !== "") ?? "";
  return headerOf(first.replace(/\r$/, "").split(",")) === null ? 0 : 0.7;
}

async function read(input: ImportInput) {
  const files: SampleFile[] = [];
  let header: Header | null = null;
  const { label } = input;
  await forEachLine(input, (bytes, from, to, line) => {
    if (isBlank(bytes, from, to)) return;
    const { cells } = csvLine(bytes, from, to, line);
    if (header === null) {
      header = headerOf(cells);
      if (header !== null) return;
      throw placeError(
        label,
        line,
        1,
        "the header has no path and bytes",
        "it must be like path,bytes,samples",
      );
    }
    const { width, path, bytes: size, samples } = header;
    if (cells.length !== width) {
      throw placeError(label, line, 1, `${cells.length} fields where the header has ${width}`);
    }
    const whole = (index: number, name: string, least: number): number => {
      const value = Number(cells[index].trim());
      if (cells[index].trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
      throw placeError(
        label,
        line,
        1,
        `${name} is "${cells[index]}", not a whole number from ${least} up`,
      );
    };
    files.push({
      name: cells[path],
      bytes: whole(size, "bytes", 1),
      samples: samples < 0 ? 1 : whole(samples, "samples", 1),
    });
  });
  const name = label.replace(/^.*\//, "").replace(/\.csv$/, "");
  const trace = sampleTrace(name, "sample-manifest", files, {
    name,
    batchSize: 1,
    computeSeconds: null,
    readThreads: 4,
    targetRatio: 0.9,
    source: label,
  }, true);
  return {
    ...trace,
    sha256: await input.sha256(),
    notes: [
      `${counted(files.length, "file")}, ${trace.rows.toLocaleString("en-US")} samples`,
    ],
  };
}

export const format: Importer<"io"> = {
  name: "sample-manifest",
  kind: "io",
  summary: "a CSV of a data set's files: path, bytes and, where several lie in one, samples",
  reference: "this tool: path,bytes[,samples]",
  detect,
  read,
};
