import { dataError } from "../model/errors.ts";

/** One test of nvbandwidth. Bandwidths are bytes a second. */
export interface NvbandwidthTest {
  readonly name: string;
  readonly status: string;
  /** Every cell of the matrix that is a number; diagonals are "N/A". */
  readonly bytesPerSecond: readonly number[];
}

export interface NvbandwidthResult {
  /** `v0.8`, where the output says it. */
  readonly version: string | null;
  readonly driver: string | null;
  readonly devices: readonly string[];
  readonly tests: readonly NvbandwidthTest[];
}

/** The tool prints 10^9 bytes a second. */
const GB = 1e9;

type Loose = Record<string, unknown>;

function record(value: unknown): Loose {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value as Loose : {};
}

function cells(values: readonly unknown[]): number[] {
  return values.map((v) => String(v).trim() === "" ? NaN : Number(v))
    .filter(Number.isFinite).map((v) => v * GB);
}

/** Whether a text is output of nvbandwidth, in either of its forms. */
export function looksLikeNvbandwidth(text: string): boolean {
  return text.includes('"nvbandwidth"') || /^nvbandwidth Version:/m.test(text);
}

/**
 * Reads what `nvbandwidth -j` or plain `nvbandwidth` printed. A failed check stands before the JSON, and an
 * aborted run holds an `error` beside the tests that ended.
 *
 * @throws data error for other text, for damaged JSON, and for a run that failed before any test passed.
 */
export function parseNvbandwidth(text: string, label: string): NvbandwidthResult {
  const start = text.indexOf("{");
  const result = start >= 0 && text.includes('"nvbandwidth"')
    ? fromJson(text.slice(start), label)
    : fromText(text, label);
  if (result.tests.some((t) => t.bytesPerSecond.length > 0)) return result;
  const said = /"error"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? "it holds no bandwidth";
  throw dataError(`${label}: nvbandwidth measured nothing: ${said}`, "run it again on a free GPU");
}

function fromJson(text: string, label: string): NvbandwidthResult {
  let json: unknown;
  try {
    json = JSON.parse(text.slice(0, text.lastIndexOf("}") + 1));
  } catch {
    throw dataError(`${label}: the nvbandwidth JSON is cut short or damaged`, "run it again");
  }
  const top = record(record(json).nvbandwidth);
  const tests = Array.isArray(top.testcases) ? top.testcases : [];
  return {
    version: typeof top.Version === "string"
      ? top.Version
      : typeof top.git_version === "string" && top.git_version !== ""
      ? top.git_version
      : null,
    driver: typeof top["Driver Version"] === "string" ? top["Driver Version"] as string : null,
    devices: Array.isArray(top["GPU Device list"]) ? top["GPU Device list"].map(String) : [],
    tests: tests.map((value) => {
      const test = record(value);
      const matrix = Array.isArray(test.bandwidth_matrix) ? test.bandwidth_matrix : [];
      return {
        name: String(test.name ?? ""),
        status: String(test.status ?? ""),
        bytesPerSecond: cells(matrix.flat()),
      };
    }),
  };
}

function fromText(text: string, label: string): NvbandwidthResult {
  if (!/^nvbandwidth Version:/m.test(text)) {
    throw dataError(`${label}: no output of nvbandwidth`, "run nvbandwidth -j > FILE");
  }
  const tests: { name: string; status: string; values: unknown[] }[] = [];
  for (const line of text.split("\n")) {
    const running = /^Running (\S+?)\.?\s*$/.exec(line);
    if (running !== null) tests.push({ name: running[1], status: "Running", values: [] });
    const row = /^\s*\d+\s+((?:[0-9.]+|N\/A)(?:\s+(?:[0-9.]+|N\/A))*)\s*$/.exec(line);
    // The header of a matrix is whole numbers alone; its rows have decimals.
    if (row !== null && row[1].includes(".")) tests.at(-1)?.values.push(...row[1].split(/\s+/));
    if (/^SUM /.test(line) && tests.length > 0) tests.at(-1)!.status = "Passed";
  }
  return {
    version: /^nvbandwidth Version:\s*(\S+)/m.exec(text)?.[1] ?? null,
    driver: /^Driver Version:\s*(\S+)/m.exec(text)?.[1] ?? null,
    devices: [...text.matchAll(/^Device (\d+: .*)$/gm)].map((m) => m[1]),
    tests: tests.map(({ name, status, values }) => ({
      name,
      status,
      bytesPerSecond: cells(values),
    })),
  };
}
