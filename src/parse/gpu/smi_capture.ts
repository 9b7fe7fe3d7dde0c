import { dataError } from "../../model/errors.ts";
import type { CounterRecording, Snapshot } from "../reading.ts";
import { isSmiCsv, parseSmiCsv } from "./smi_csv.ts";
import { isSmiDmon, parseSmiDmon } from "./smi_dmon.ts";
import { isSmiTable, parseSmiTable } from "./smi_table.ts";
import { isSmiText, parseSmiText } from "./smi_text.ts";
import { isSmiXml, parseSmiXml } from "./smi_xml.ts";

const READERS: readonly {
  readonly is: (text: string) => boolean;
  readonly parse: (text: string, label: string) => CounterRecording;
}[] = [
  { is: isSmiXml, parse: parseSmiXml },
  { is: isSmiDmon, parse: parseSmiDmon },
  { is: isSmiCsv, parse: parseSmiCsv },
  { is: isSmiText, parse: parseSmiText },
  { is: isSmiTable, parse: parseSmiTable },
];

const COMMAND = /^# \$ (nvidia-smi.*)$/;

/** Whether a text is a collection of outputs, each under a line `# $ nvidia-smi …`. */
export function isSmiCapture(text: string): boolean {
  return text.split(/\r?\n/).filter((line) => COMMAND.test(line)).length >= 2;
}

/**
 * A collection of outputs of one machine, as bug reports and exporters' test data have them: every part that
 * holds counters is a sample; help texts, topology and lists are counted and left out.
 *
 * @throws data error when no part holds counters, or one is damaged.
 */
export function parseSmiCapture(text: string, label: string): CounterRecording {
  const sections: { command: string; lines: string[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const command = COMMAND.exec(line);
    if (command !== null) sections.push({ command: command[1].trim(), lines: [] });
    else if (/^# \w+ :: /.test(line)) sections.push({ command: "", lines: [] });
    else if (/^#{20,}$/.test(line)) continue;
    else sections.at(-1)?.lines.push(line);
  }
  const snapshots: Snapshot[] = [];
  const used: string[] = [];
  let left = 0;
  for (const { command, lines } of sections) {
    if (command === "") continue;
    const body = `${lines.join("\n").trim()}\n`;
    const reader = / -h$|--help/.test(command) ? undefined : READERS.find(({ is }) => is(body));
    if (reader === undefined) {
      left++;
      continue;
    }
    const name = command.split(/\s+/).slice(0, 2).join(" ").split("=")[0];
    used.push(name);
    // Clocks of the parts differ in zone and fineness: their order is what is known.
    for (const snapshot of reader.parse(body, `${label} (${name})`).snapshots) {
      snapshots.push({ ...snapshot, unixMs: null });
    }
  }
  if (snapshots.length === 0) {
    throw dataError(`${label}: no part of this collection holds counters`);
  }
  return {
    source: "nvidia-smi",
    snapshots,
    notes: [
      `${used.length} parts hold counters (${
        [...new Set(used)].join(", ")
      }), ${left} others do not`,
      "parts carry no common clock: one second apart is assumed",
    ],
  };
}
