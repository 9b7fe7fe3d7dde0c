import { dataError, messageOf } from "../../model/errors.ts";
import { deviceOfSample, fieldOfSample } from "./series.ts";

/** One series of a query: name and labels, times in seconds since 1970, values as Prometheus wrote them. */
export interface PromSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [seconds: number, value: string])[];
}

type Loose = Record<string, unknown>;
const isRecord = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function pointOf(value: unknown, where: string): readonly [number, string] {
  if (
    !Array.isArray(value) || typeof value[0] !== "number" ||
    (typeof value[1] !== "string" && typeof value[1] !== "number")
  ) {
    throw dataError(
      `${where}: expected [seconds, "value"], found ${JSON.stringify(value)?.slice(0, 60)}`,
    );
  }
  return [value[0], String(value[1])];
}

/** Whether a text is an answer of Prometheus's `/api/v1/query` or `/api/v1/query_range`. */
export function isPromQueryJson(text: string): boolean {
  return /^\s*\{/.test(text) && /"resultType"\s*:\s*"(matrix|vector)"/.test(text.slice(0, 4000));
}

/**
 * An answer of Prometheus's HTTP API (`query`, `query_range`), or its `data` alone as tools export it.
 *
 * @throws data error with the server's own words when it reports an error, or the place of what is damaged.
 */
export function parsePromQueryJson(text: string, label: string): PromSeries[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${label}: the JSON is cut short or damaged (${messageOf(error)})`);
  }
  if (!isRecord(json)) throw dataError(`${label}: expected an object of the Prometheus API`);
  if (json.status === "error") {
    throw dataError(`${label}: Prometheus refuses the query: ${String(json.error ?? "no reason")}`);
  }
  const data = isRecord(json.data) ? json.data : json;
  if (!Array.isArray(data.result)) {
    throw dataError(
      `${label}: no data.result in it`,
      "export the answer of /api/v1/query_range as it is",
    );
  }
  return data.result.map((entry: unknown, i): PromSeries => {
    const where = `${label}: result ${i}`;
    if (!isRecord(entry) || !isRecord(entry.metric)) throw dataError(`${where}: no metric in it`);
    const all = Object.fromEntries(
      Object.entries(entry.metric).map(([name, value]) => [name, String(value)]),
    );
    const { __name__: name = "value", ...labels } = all;
    const points = Array.isArray(entry.values)
      ? entry.values.map((point) => pointOf(point, where))
      : [pointOf(entry.value, where)];
    return { name, labels, points };
  });
}

/** Field and device of a series, as a scrape of the same metric names them. */
export function namesOfSeries(series: PromSeries): { field: string; device: string } {
  const sample = { ...series, value: 0, text: "", timestampMs: null };
  return { field: fieldOfSample(sample), device: deviceOfSample(sample) };
}
