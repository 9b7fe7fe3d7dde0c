import { PlaceError } from "../place_error.ts";

/** One sample line of the Prometheus text format. */
export interface PromSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and the infinities are values in this format. */
  readonly value: number;
  /** The value as written: blank values of DCGM differ only in digits a double cannot hold. */
  readonly text: string;
  readonly timestampMs: number | null;
}

/** A page of metrics. */
export interface PromPage {
  readonly samples: readonly PromSample[];
  /** Type by metric name, where a `# TYPE` line gives it. */
  readonly types: ReadonlyMap<string, string>;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", "\\": "\\", '"': '"' };

function valueOf(text: string): number | null {
  if (/^[+]?Inf$/i.test(text)) return Infinity;
  if (/^-Inf$/i.test(text)) return -Infinity;
  if (/^NaN$/i.test(text)) return NaN;
  if (/^0x[0-9a-f]+$/i.test(text)) return Number(text);
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

/** Reads one line; positions are columns of it. */
function sampleOf(line: string, number: number): PromSample {
  let at = 0;
  const fail = (what: string): never => {
    throw new PlaceError(number, at + 1, what, "it must be a page of the Prometheus text format");
  };
  const take = (pattern: RegExp, what: string): string => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) return fail(`expected ${what}, found "${line.slice(at, at + 20)}"`);
    at += match[0].length;
    return match[0];
  };
  const blanks = () => {
    while (line[at] === " " || line[at] === "\t") at++;
  };
  const name = take(NAME, "the name of a metric");
  const labels: Record<string, string> = {};
  blanks();
  if (line[at] === "{") {
    at++;
    for (;;) {
      blanks();
      if (line[at] === "}") break;
      const label = take(LABEL, "the name of a label");
      blanks();
      if (line[at] !== "=") fail(`expected "=" after the label ${label}`);
      at++;
      blanks();
      if (line[at] !== '"') fail(`the value of ${label} is not quoted`);
      let value = "";
      for (at++; line[at] !== '"'; at++) {
        if (at >= line.length) fail(`the value of ${label} has no end`);
        if (line[at] === "\\") value += ESCAPES[line[++at]] ?? `\\${line[at] ?? ""}`;
        else value += line[at];
      }
      at++;
      labels[label] = value;
      blanks();
      if (line[at] === ",") at++;
      else if (line[at] !== "}") fail('expected "," or "}"');
    }
    at++;
  }
  blanks();
  // OpenMetrics puts an exemplar behind " # ".
  const rest = line.slice(at).split(" # ", 1)[0].trim().split(/\s+/);
  const value = valueOf(rest[0]);
  if (value === null) return fail(`expected a number, found "${rest[0].slice(0, 20)}"`);
  const stamp = rest[1] === undefined ? null : valueOf(rest[1]);
  // Seconds with a fraction are OpenMetrics, whole milliseconds are the older format.
  const timestampMs = stamp === null ? null : rest[1].includes(".") ? stamp * 1000 : stamp;
  return { name, labels, value, text: rest[0], timestampMs };
}

/**
 * A page of the Prometheus text format 0.0.4 or of OpenMetrics. Comments that are neither HELP nor TYPE are
 * skipped; a metric without a TYPE is untyped.
 *
 * @throws {PlaceError} with line and column of what is no sample.
 */
export function parsePrometheusText(text: string): PromPage {
  const samples: PromSample[] = [];
  const types = new Map<string, string>();
  let number = 0;
  for (const raw of text.replace(/^\uFEFF/, "").split("\n")) {
    number++;
    const line = raw.replace(/\r$/, "").trimStart();
    if (line.trim() === "") continue;
    if (line.startsWith("#")) {
      const match = /^#\s*TYPE\s+(\S+)\s+(\S+)/.exec(line);
      if (match !== null) types.set(match[1], match[2].toLowerCase());
      continue;
    }
    samples.push(sampleOf(line, number));
  }
  return { samples, types };
}

/** Whether a text begins like a page of metrics. */
export function isPrometheusText(text: string): boolean {
  const lines = text.slice(0, 20_000).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const first = lines.find((line) => !line.startsWith("#"));
  return first !== undefined &&
    /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\}?.*)?\s+[+-]?(\d|\.\d|Inf|NaN)/.test(first) &&
    (lines.some((line) => /^# (TYPE|HELP) /.test(line)) || /_|:|\{/.test(first.split(/\s/, 1)[0]));
}

/** Whether a metric only grows, by its TYPE or else by its name. */
export function isCounter(page: PromPage, name: string): boolean {
  const type = page.types.get(name) ?? page.types.get(name.replace(/_total$/, ""));
  if (type !== undefined && type !== "untyped" && type !== "unknown") {
    if (type !== "histogram" && type !== "summary") return type === "counter";
  }
  return /_(total|count|sum|bucket)$/.test(name);
}
