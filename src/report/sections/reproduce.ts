import { type Html, markup } from "../html.ts";
import type { ReportInput, ReportItem } from "../input.ts";
import { machineText } from "../machine.ts";
import { shellWord } from "../next_command.ts";
import { titleOf } from "../rows.ts";
import { table } from "../table.ts";

/** What an item was made by and from: version, hash of the input, seed, software underneath. */
function provenance(item: ReportItem): [made: string, from: string] {
  if (item.kind === "gate") return ["", item.document.subject];
  if (item.kind === "score") {
    const { tool, measuredAt } = item.document;
    return [`Spillway ${tool.version}`, `runs of ${measuredAt}`];
  }
  if (item.kind === "run") {
    const { record } = item;
    const at = new Date(Number(BigInt(record.startedUnixNs) / 1_000_000n)).toISOString();
    return [`Spillway ${record.tool.version}`, `${at}, ${machineText(record.fingerprint) ?? ""}`];
  }
  const { tool } = item.document;
  if (item.kind === "estimate") {
    const { subject } = item.document;
    return [`Spillway ${tool.version}`, `${subject.kind} ${subject.id ?? subject.name}`];
  }
  if (item.kind === "advice") return [`Spillway ${tool.version}`, item.document.summary];
  const { trace, seed } = item.document;
  const hash = trace.sha256 === null ? "" : `, sha256 ${trace.sha256}`;
  return [`Spillway ${tool.version}, seed ${seed}`, `trace ${trace.id ?? trace.name}${hash}`];
}

/** The command that made an item; null where it is not known. */
function commandOf(item: ReportItem): string | null {
  if (item.kind === "gate" || item.kind === "score") return null;
  if (item.kind !== "run") return item.document.command?.map(shellWord).join(" ") ?? null;
  const { record } = item;
  const flags = [
    "--name",
    shellWord(record.name),
    "--interval",
    `${Number((record.intervalNs / 1e6).toPrecision(6))}ms`,
  ];
  const what = record.command.length === 0
    ? ["--duration", `${Math.round(record.durationNs / 1e9)}s`]
    : ["--", ...record.command.map(shellWord)];
  return ["spillway record", ...flags, ...what].join(" ");
}

/** Commands, versions and hashes: everything needed to make the page again. */
export function reproduceSection(input: ReportInput): Html {
  return markup`<section id="reproduce"><h2><span class="kind">Reproduce</span> Commands, versions and hashes</h2><pre tabindex="0"><code>${
    [...new Set([...input.items.map(commandOf), ...input.commands])]
      .filter((c) => c !== null).join("\n")
  }</code></pre>${
    table(
      "What each part was made by and from",
      [{ title: "Part" }, { title: "Id" }, { title: "Made by" }, { title: "From" }],
      input.items.map((item) => {
        const [made, from] = provenance(item);
        return [
          titleOf(item),
          markup`<code>${item.id}</code>`,
          made,
          markup`<span class="hash">${from}</span>`,
        ];
      }),
    )
  }</section>`;
}
