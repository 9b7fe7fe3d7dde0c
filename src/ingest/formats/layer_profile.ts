import { profiledLayer, type StepLayer } from "../../model/step_profile.ts";
import { stepTrace } from "../../model/trace/step_trace.ts";
import { csvLine, type CsvRow } from "../../parse/csv_line.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { placeError } from "../place.ts";

const COLUMNS = {
  forward: "forward_seconds",
  backward: "backward_seconds",
  parameter: "parameter_bytes",
  activation: "activation_bytes",
  gradient: "gradient_bytes",
} as const;

/** Micro-batches of a step when the file has no column for them. */
const DEFAULT_MICRO_BATCHES = 4;

type Header = { readonly [K in keyof typeof COLUMNS]: number } & {
  readonly name: number;
  readonly microBatches: number;
  readonly width: number;
};

function headerOf(row: CsvRow): Header | null {
  const cells = row.cells.map((c) => c.replace(/^\uFEFF/, "").trim().toLowerCase());
  const places = Object.entries(COLUMNS).map(([key, name]) => [key, cells.indexOf(name)] as const);
  if (places.some(([, at]) => at < 0)) return null;
  return {
    ...Object.fromEntries(places),
    name: cells.indexOf("layer"),
    microBatches: cells.indexOf("micro_batches"),
    width: cells.length,
  } as Header;
}

function detect(head: ImportHead): number {
  const first = head.text.split("\n").find((line) => line.trim() !== "") ?? "";
  return Object.values(COLUMNS).every((name) => first.toLowerCase().includes(name)) ? 0.98 : 0;
}

async function read(input: ImportInput) {
  const layers: StepLayer[] = [];
  let header: Header | null = null;
  let microBatches = DEFAULT_MICRO_BATCHES;
  const { label } = input;
  await forEachLine(input, (bytes, from, to, line) => {
    if (isBlank(bytes, from, to)) return;
    const row = csvLine(bytes, from, to, line);
    if (header === null) {
      header = headerOf(row);
      if (header !== null) return;
      const wanted = `layer,${Object.values(COLUMNS).join(",")}`;
      throw placeError(label, line, 1, "the header lacks a column", `it must be like ${wanted}`);
    }
    const { width } = header;
    if (row.cells.length !== width) {
      throw placeError(label, line, 1, `${row.cells.length} fields where the header has ${width}`);
    }
    const number = (index: number, name: string): number => {
      const text = row.cells[index].trim();
      const value = Number(text);
      if (text !== "" && Number.isFinite(value) && value >= 0) return value;
      throw placeError(label, line, 1, `${name} is "${text}", not a number from 0 up`);
    };
    if (layers.length === 0 && header.microBatches >= 0) {
      microBatches = number(header.microBatches, "micro_batches");
      if (!Number.isInteger(microBatches) || microBatches < 1) {
        throw placeError(label, line, 1, `micro_batches is ${microBatches}, not a whole number`);
      }
    }
    const name = header.name < 0 ? "" : row.cells[header.name].trim();
    layers.push(profiledLayer(name === "" ? `layer ${layers.length}` : name, {
      forwardSeconds: number(header.forward, COLUMNS.forward),
      backwardSeconds: number(header.backward, COLUMNS.backward),
      parameterBytes: number(header.parameter, COLUMNS.parameter),
      activationBytes: number(header.activation, COLUMNS.activation),
      gradientBytes: number(header.gradient, COLUMNS.gradient),
    }));
  });
  const counted = (header as Header | null)?.microBatches ?? -1;
  const trace = stepTrace(label.replace(/^.*\//, "").replace(/\.csv$/, ""), "layer-profile", {
    layers,
    microBatches,
    samplesPerMicroBatch: 1,
    recompute: false,
    machine: null,
    model: null,
    source: label,
  });
  return {
    ...trace,
    sha256: await input.sha256(),
    notes: [
      `${
        layers.length === 1 ? "1 layer" : `${layers.length} layers`
      }, ${microBatches} micro-batches` +
      (counted >= 0 ? "" : " (assumed: the file has no column micro_batches)"),
    ],
  };
}

export const format: Importer<"tensors"> = {
  name: "layer-profile",
  kind: "tensors",
  summary:
    "a CSV row a layer: forward and backward seconds, parameter, activation and gradient bytes",
  reference:
    "this tool: layer,forward_seconds,backward_seconds,parameter_bytes,activation_bytes,gradient_bytes",
  detect,
  read,
};
