/**
 * A strict reader of OpenMetrics 1.0 text, for tests: families stand together, TYPE comes before samples,
 * names fit their type, no sample appears twice, the text ends with EOF.
 */
export interface OpenMetricsSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[n"\\\\])*"`;
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)?\\})? (-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|NaN|[+-]Inf)` +
    `(?: (\\d+(?:\\.\\d+)?))?$`,
);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  counter: ["_total", "_created"],
  unknown: [""],
  info: ["_info"],
};

export function parseOpenMetrics(text: string): OpenMetricsSample[] {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.pop() !== "# EOF") throw new Error("does not end with # EOF");
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const samples: OpenMetricsSample[] = [];
  let family = "";
  for (const line of lines) {
    const meta = new RegExp(`^# (TYPE|HELP|UNIT) (${NAME}) (.+)$`).exec(line);
    if (meta !== null) {
      const [, key, name, value] = meta;
      if (name !== family && types.has(name)) throw new Error(`${name} stands in two places`);
      if (name !== family) {
        family = name;
        types.set(name, "unknown");
      }
      if (key === "TYPE") {
        if (SUFFIXES[value] === undefined) throw new Error(`unknown type in ${line}`);
        types.set(name, value);
      }
      if (key === "UNIT" && !name.endsWith(`_${value}`)) {
        throw new Error(`unit not in name: ${line}`);
      }
      continue;
    }
    const match = SAMPLE.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    const [, name, labels = "", value, time = ""] = match;
    const fits = (SUFFIXES[types.get(family) ?? "unknown"] ?? []).some((s) => name === family + s);
    if (!fits) throw new Error(`${name} does not belong to the family ${family}`);
    const key = `${name}{${labels}} ${time}`;
    if (seen.has(key)) throw new Error(`${key} appears twice`);
    seen.add(key);
    const pairs = [...labels.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)]
      .map((m) => [m[1], m[2].replace(/\\(.)/g, (_, c) => c === "n" ? "\n" : c)]);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return samples;
}
