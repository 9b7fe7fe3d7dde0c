import { counted } from "../../model/plural.ts";
import { Command } from "@cliffy/command";
import { z } from "zod";
import type { CommandModule } from "../command_module.ts";
import type { Observation } from "../../gate/observations.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { formatRatio } from "../../model/units.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { type Column, renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

const side = z.number().nullable();

const output = z.strictObject({
  schema: z.literal("spillway/compare/1"),
  a: z.string(),
  b: z.string(),
  metrics: z.array(z.strictObject({
    name: z.string(),
    unit: z.string(),
    better: z.enum(["lower", "higher", "none"]),
    evidence: z.string(),
    a: side,
    b: side,
    delta: side.describe("(b - a) / a"),
    verdict: z.enum(["same", "better", "worse", "different", "missing"]),
  })),
});

type Row = z.infer<typeof output>["metrics"][number];

async function compareSides(
  name: string,
  a: Observation | undefined,
  b: Observation | undefined,
): Promise<Row> {
  const { median } = await import("../../stats/median.ts");
  const value = (o?: Observation) =>
    o === undefined || o.values.length === 0 ? null : median(o.values);
  const [x, y] = [value(a), value(b)];
  const known = (a ?? b)!;
  const verdict = x === null || y === null
    ? "missing"
    : x === y
    ? "same"
    : known.better === "none"
    ? "different"
    : (y < x) === (known.better === "lower")
    ? "better"
    : "worse";
  return {
    name,
    unit: known.unit,
    better: known.better,
    evidence: known.evidence,
    a: x,
    b: y,
    delta: x === null || y === null || x === 0 ? null : y / x - 1,
    verdict,
  };
}

function columnsOf(a: string, b: string): readonly Column[] {
  return [
    { title: "metric", flexible: true, wrap: true },
    { title: a, align: "right" },
    { title: b, align: "right" },
    { title: "change", align: "right" },
    { title: "verdict" },
  ];
}

async function run(options: GlobalOptions & { all?: boolean }, a: string, b: string) {
  const out = openOutput(options);
  const { openStore } = await import("../../store/open.ts");
  const { loadBaseline } = await import("../gate/load_baseline.ts");
  const store = await openStore(out.setting("store").value!, { mode: "read" });
  try {
    const [left, right] = [await loadBaseline(store, a), await loadBaseline(store, b)];
    const names = new Set([...Object.keys(left.observations), ...Object.keys(right.observations)]);
    const metrics = await Promise.all(
      [...names].sort().map((n) => compareSides(n, left.observations[n], right.observations[n])),
    );
    const document = { schema: "spillway/compare/1", a: left.name, b: right.name, metrics };
    const unknown = metrics.filter((m) => m.a === null && m.b === null);
    const same = metrics.filter((m) => m.verdict === "same");
    const shown = options.all
      ? metrics
      : metrics.filter((m) => m.verdict !== "same" && !unknown.includes(m));
    const format = (v: number | null, unit: string) =>
      v === null ? "-" : formatInUnit(v, unit as MetricUnit);
    const rows = shown.map((m) => [
      m.name,
      format(m.a, m.unit),
      format(m.b, m.unit),
      m.delta === null ? "-" : formatRatio(Number(m.delta.toPrecision(3))),
      m.verdict,
    ]);
    const note = `${counted(same.length, "metric is", "metrics are")} the same` +
      (unknown.length === 0
        ? ""
        : `, ${counted(unknown.length, "is", "are")} unknown on both sides`) +
      '. A difference between single measured runs may be noise: "spillway gate" judges it.';
    await out.emit(
      document,
      () =>
        (rows.length === 0
          ? ""
          : renderTable(columnsOf(left.name, right.name), rows, out.width, out.style.bold) + "\n") +
        wrapText(note, out.width).join("\n") + "\n",
    );
  } finally {
    await store.close();
  }
}

export const command: CommandModule = {
  name: "compare",
  summary: "show how the metrics of two entries differ",
  output: () => output,
  build: () =>
    new Command()
      .description("Compares two runs, replays, estimates or baselines metric by metric.")
      .arguments("<a:string> <b:string>")
      .option("--all", "Show also the metrics that are the same.")
      .example("Two recordings", "spillway compare r1 r2")
      .example("Against a committed baseline", "spillway compare baseline.json p3")
      .action((options: GlobalOptions & { all?: boolean }, a: string, b: string) =>
        run(options, a, b)
      ),
};
