import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import type { CommandModule } from "../command_module.ts";
import { closest } from "../did_you_mean.ts";
import type { Explanation, Topic, TopicEntry } from "../explain/topic.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { renderTable } from "../table.ts";
import { wrapNamed, wrapText } from "../wrap.ts";

const output = z.object({
  schema: z.literal("spillway/explain/1"),
  kind: z.string(),
  id: z.string().optional(),
  title: z.string().optional(),
  fields: z.record(z.string(), z.string()).optional(),
  notes: z.array(z.string()).optional(),
  entries: z.array(z.object({ id: z.string(), title: z.string() })).optional(),
}).loose();

function renderExplanation(e: Explanation, kind: string, out: Output): string {
  const label = Math.max(...e.fields.map(([name]) => name.length));
  const lines = e.fields.flatMap(([name, value]) =>
    wrapText(value, Math.max(20, out.width - label - 2)).map((line, i) =>
      `${(i === 0 ? name : "").padEnd(label)}  ${line}`
    )
  );
  const table = e.table === undefined ? "" : "\n" + renderTable(
    e.table.columns.map((title, i) => ({
      title,
      align: title === "value" ? "right" as const : "left" as const,
      flexible: i >= e.table!.columns.length - 2,
      wrap: i >= e.table!.columns.length - 2,
    })),
    e.table.rows,
    out.width,
    out.style.bold,
  );
  const notes = (e.notes ?? []).map((n) => `\n${wrapText(n, out.width).join("\n")}\n`).join("");
  const head = wrapNamed(`${e.id} (${kind}): ${e.title}`, e.id, out.width, out.style.bold);
  return `${head.join("\n")}\n\n${lines.join("\n")}\n${table}${notes}`;
}

function renderList(entries: readonly TopicEntry[], kind: string, out: Output): string {
  return renderTable(
    [{ title: kind, flexible: true }, { title: "meaning", flexible: true, wrap: true }],
    entries.map((e) => [e.id, e.title]),
    out.width,
    out.style.bold,
  );
}

async function emit(topic: Topic, e: Explanation, out: Output): Promise<void> {
  await out.emit({
    schema: "spillway/explain/1",
    kind: topic.name,
    id: e.id,
    title: e.title,
    fields: Object.fromEntries(e.fields),
    ...(e.notes === undefined ? {} : { notes: e.notes }),
    ...e.data,
  }, () => renderExplanation(e, topic.name, out));
}

async function unknown(id: string, topics: readonly Topic[]): Promise<never> {
  const ids = (await Promise.all(topics.map((t) => t.list()))).flat().map((e) => e.id);
  const near = closest(id, ids) ?? closest(id, ids.map((i) => i.split("/").at(-1)!));
  throw usageError(
    topics.length === 1
      ? `explain: there is no ${topics[0].name} "${id}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`)
      : `explain: nothing is called "${id}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
    `"spillway explain ${topics.length === 1 ? topics[0].name : "KIND"}" lists what there is` +
      (topics.length === 1 ? "" : `; kinds: ${topics.map((t) => t.name).join(", ")}`),
  );
}

async function run(options: GlobalOptions, words: readonly string[]): Promise<void> {
  const out = openOutput(options);
  const { TOPICS } = await import("../explain/topics.ts");
  const [first, second] = words;
  if (first === undefined) {
    const entries = TOPICS.map((t) => ({ id: t.name, title: t.summary }));
    return await out.emit(
      { schema: "spillway/explain/1", kind: "kind", entries },
      () => renderList(entries, "kind", out),
    );
  }
  const topic = TOPICS.find((t) => t.name === first || `${t.name}s` === first);
  if (topic === undefined) {
    if (second !== undefined) {
      const near = closest(first, TOPICS.map((t) => t.name));
      throw usageError(
        `explain: there is no kind "${first}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        `kinds: ${TOPICS.map((t) => t.name).join(", ")}`,
      );
    }
    for (const candidate of TOPICS) {
      const found = await candidate.explain(first);
      if (found !== null) return await emit(candidate, found, out);
    }
    return await unknown(first, TOPICS);
  }
  if (second !== undefined) {
    const found = await topic.explain(second);
    if (found === null) return await unknown(second, [topic]);
    return await emit(topic, found, out);
  }
  const entries = (await topic.list()).map(({ id, title }) => ({ id, title }));
  await out.emit(
    { schema: "spillway/explain/1", kind: topic.name, entries },
    () => renderList(entries, topic.name, out),
  );
}

export const command: CommandModule = {
  name: "explain",
  summary: "explain a metric, policy, coefficient, exit code or stall class",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Explains one thing, or lists a kind: metric, policy, eviction, coefficient, exit-code, stall. A name " +
          "alone is looked up in all of them.",
      )
      .arguments("[kind:string] [id:string]")
      .example("What does this number mean?", "spillway explain metric total_grams_co2e")
      .example(
        "Where does the SSD figure come from?",
        "spillway explain coefficient ssd.embodied",
      )
      .example("Why did CI stop?", "spillway explain exit-code 3")
      .action((options: GlobalOptions, ...words: string[]) =>
        run(options, words.filter((w) => w !== undefined))
      ),
};
