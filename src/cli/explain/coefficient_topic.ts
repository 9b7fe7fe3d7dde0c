import type { Json } from "../../model/json.ts";
import { formatNumber } from "../../model/units.ts";
import type { Explanation, Topic } from "./topic.ts";

async function catalog() {
  return await import("../../estimate/factors/builtin.ts");
}

function spread(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const times = least > 0 ? ` (${formatNumber(Number((most / least).toPrecision(3)))}x)` : "";
  return `${formatNumber(least)} to ${formatNumber(most)}${times}`;
}

/** How the coefficient enters an estimate: its unit says what it is multiplied by. */
function formulaOf(c: { readonly value: number | null; readonly unit: string }): string {
  const [result, per] = c.unit.split("/");
  const value = c.value === null ? "value" : formatNumber(c.value);
  return per === undefined
    ? `used as it is, in ${c.unit}; low and high bound the result`
    : `${result} = ${value} x ${per}, with low and high for the interval`;
}

/** A coefficient that no table holds: what it is, and where an estimate takes it from. */
async function explainOpen(id: string): Promise<Explanation | null> {
  const { openId } = await import("../../estimate/factors/open_ids.ts");
  const open = openId(id);
  if (open === undefined) return null;
  const { pattern: _, ...data } = open;
  return {
    id,
    title: `${open.meaning}, ${open.unit}`,
    fields: [
      ["value", "not built in: no table holds it"],
      ["formula", formulaOf({ value: null, unit: open.unit })],
      ["source", open.from],
      ["your own", `--factor ${id}=LOW..HIGH`],
    ],
    data: { coefficient: { ...data, id } },
  };
}

/** Coefficients of the estimates with their published history and spread. */
export const coefficientTopic: Topic = {
  name: "coefficient",
  summary: "a number that estimates multiply by: its interval, history and source",
  list: async () => {
    const { builtinFactors } = await catalog();
    const { OPEN_IDS } = await import("../../estimate/factors/open_ids.ts");
    return [
      ...[...builtinFactors().values()].map((c) => ({
        id: c.id,
        title: `${formatNumber(c.value)} ${c.unit} (${formatNumber(c.low)}..${
          formatNumber(c.high)
        })`,
      })),
      ...OPEN_IDS.map((o) => ({ id: o.id, title: `${o.meaning}, ${o.unit}: not built in` })),
    ];
  },
  explain: async (id): Promise<Explanation | null> => {
    const { builtinFactors, figureHistory } = await catalog();
    const factors = builtinFactors();
    const c = factors.get(id) ?? factors.get(`grid.${id}`);
    if (c === undefined) return await explainOpen(id);
    const all = figureHistory(c);
    // The model's own row repeats one of the figures behind it.
    const behind = all.filter((f) => f.id !== c.id);
    const history = behind.length > 0 ? behind : all;
    const note = (c.note ?? "").replace(/;? ?history: \S+/, "");
    const units = [...new Set(history.map((f) => f.unit))];
    const same = history.filter((f) => f.unit === c.unit);
    return {
      id: c.id,
      title: `${formatNumber(c.value)} ${c.unit}`,
      fields: [
        ["low", `${formatNumber(c.low)} ${c.unit}`],
        ["mid", `${formatNumber(c.value)} ${c.unit}`],
        ["high", `${formatNumber(c.high)} ${c.unit}`],
        ["formula", formulaOf(c)],
        ["as of", c.asOf],
        ["source", c.source],
        ["licence", c.licence],
        ...(note === "" ? [] : [["note", note] as const]),
        ...(same.length > 1 ? [["published", spread(same.map((f) => f.value))] as const] : []),
        ["your own", `--factor ${c.id}=LOW..HIGH`],
      ],
      ...(history.length === 0 ? {} : {
        table: {
          columns: ["as of", "value", ...(units.length > 1 ? ["unit"] : []), "figure", "source"],
          rows: history.map((f) => [
            f.asOf,
            formatNumber(f.value),
            ...(units.length > 1 ? [f.unit] : []),
            f.id.split(".").slice(2).join(".") || f.id,
            f.source,
          ]),
        },
      }),
      data: { coefficient: { ...c }, history: history as unknown as Json },
    };
  },
};
