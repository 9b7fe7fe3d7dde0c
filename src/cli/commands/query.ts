import { Command } from "@cliffy/command";
import { usageError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { CommandModule } from "../command_module.ts";
import { csvRow } from "../csv.ts";
import { closest } from "../did_you_mean.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { renderTable } from "../table.ts";

interface Options extends GlobalOptions {
  readonly csv?: boolean;
  readonly describe?: string;
}

/** Rows of a printed table; more are left to --json and --csv. */
const MOST_ROWS = 1000;

const NUMERIC = /INT|DOUBLE|FLOAT|DECIMAL/;

/** Types whose values are one word, best left whole in a narrow terminal. */
const WHOLE = /INT|DOUBLE|FLOAT|DECIMAL|TIME|DATE|BOOL/;

interface Result {
  readonly columns: { name: string; type: string }[];
  readonly rows: Json[][];
}

function cell(value: Json): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function show(result: Result, options: Options, out: Output): Promise<void> {
  if (options.csv && !out.json) {
    const lines = [csvRow(result.columns.map((c) => c.name)), ...result.rows.map(csvRow)];
    await out.emit(null, () => lines.join(""));
    return;
  }
  const { columns, rows } = result;
  await out.emit({ schema: "spillway/query/1", columns, rows }, () =>
    renderTable(
      columns.map((c) => ({
        title: c.name,
        align: NUMERIC.test(c.type) && !c.type.endsWith("[]") ? "right" : "left",
        flexible: !WHOLE.test(c.type) || c.type.endsWith("[]"),
        wrap: !WHOLE.test(c.type) || c.type.endsWith("[]"),
      })),
      rows.slice(0, MOST_ROWS).map((row) => row.map(cell)),
      out.width,
      out.style.bold,
    ));
  if (!out.json && rows.length > MOST_ROWS) {
    await out.note(
      `${MOST_ROWS} of ${
        rows.length.toLocaleString("en-US")
      } rows shown; --json and --csv print all`,
    );
  }
}

async function run(options: Options, words: readonly string[]): Promise<void> {
  const out = openOutput(options);
  const sql = words.join(" ").trim().replace(/;\s*$/, "");
  if (sql !== "" && options.describe !== undefined) {
    throw usageError("query: --describe takes no SQL beside it");
  }
  const { withStore } = await import("../open_store.ts");
  const result = await withStore(out, "read", async (store): Promise<Result> => {
    if (sql !== "") return await store.query(sql);
    const views = await store.views();
    const text = (...names: string[]) => names.map((name) => ({ name, type: "VARCHAR" }));
    if (options.describe === undefined) {
      return { columns: text("view", "what"), rows: views.map((v) => [v.name, v.comment]) };
    }
    const view = views.find((v) => v.name === options.describe);
    if (view === undefined) {
      const near = closest(options.describe, views.map((v) => v.name));
      throw usageError(
        `query: there is no view "${options.describe}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        `the views are ${views.map((v) => v.name).join(", ")}`,
      );
    }
    return {
      columns: text("column", "type", "what"),
      rows: view.columns.map((c) => [c.name, c.type, c.comment]),
    };
  });
  await show(result, options, out);
}

export const command: CommandModule = {
  name: "query",
  summary: "read the store with SQL over its documented views",
  output: async () => (await import("../schemas/store_schema.ts")).queryOutputSchema,
  build: () =>
    new Command()
      .description(
        "Runs one SELECT (DuckDB's SQL) over the documented views. Only reads: no other statement, no " +
          "file, no network, no private table. Without SQL it lists the views; --describe VIEW lists " +
          "a view's columns with their units. There is no --window: a statement may join several runs, and " +
          "a part of one is a condition on time_ns, by itself or by its marks (v_mark).",
      )
      .arguments("[sql...:string]")
      .option("--describe <view:string>", "List the columns of a view.")
      .option("--csv", "Print CSV; texts that look like formulas get an apostrophe.")
      .example("Which views are there?", "spillway query")
      .example("What is in v_sample?", "spillway query --describe v_sample")
      .example(
        "The busiest second of a run",
        `spillway query "SELECT time_ns // 1000000000 AS second, max(value) FROM v_sample ` +
          `WHERE entry_id = 'r1' AND field = 'cpu_busy_ratio' GROUP BY ALL ORDER BY 2 DESC LIMIT 5"`,
      )
      .example(
        "Between two marks of a run",
        `spillway query "SELECT field, avg(value) FROM v_sample WHERE entry_id = 'r1' AND time_ns ` +
          `BETWEEN (SELECT min(time_ns) FROM v_mark WHERE run_id = 'r1' AND name = 'warm') ` +
          `AND (SELECT max(time_ns) FROM v_mark WHERE run_id = 'r1' AND name = 'done') GROUP BY ALL"`,
      )
      .action((options: Options, ...words: string[]) => run(options, words)),
};
