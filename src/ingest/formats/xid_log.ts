import { counted } from "../../model/plural.ts";
import type { FaultKind } from "../../model/trace/faults.ts";
import { createXidReader, type XidLine, xidOfLine } from "../../parse/xid_line.ts";
import { eachTextLine, type FaultEvent, traceOfEvents } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";

/** Xids that an application causes (NVIDIA, Xid errors, r555: "user app" column); the job dies, not the GPU. */
const APPLICATION = new Set([13, 31, 43, 45, 68, 69, 94, 137]);

function kindOf(xid: number): FaultKind {
  return APPLICATION.has(xid) ? "software" : "gpu";
}

function detect(head: ImportHead): number {
  const lines = head.text.split("\n");
  if (lines.some((line) => xidOfLine(line) !== null)) return 0.9;
  if (lines.some((line) => /NVRM:.*fallen off the bus/.test(line))) return 0.8;
  return lines.some((line) => /NVRM: /.test(line)) ? 0.3 : 0;
}

/** A driver repeats a line for every channel or GPC: of one GPU's same Xids within a second, the first. */
function withoutRepeats(found: readonly (XidLine & { readonly seconds: number })[]) {
  const latest = new Map<string, number>();
  return [...found].sort((a, b) => a.seconds - b.seconds).filter(({ device, xid, seconds }) => {
    const key = `${device} ${xid}`;
    const before = latest.get(key);
    latest.set(key, seconds);
    return before === undefined || seconds - before >= 1;
  });
}

async function read(input: ImportInput) {
  const found: (XidLine & { readonly seconds: number })[] = [];
  let undated = 0;
  const xidOf = createXidReader();
  await eachTextLine(input, (text) => {
    const line = xidOf(text);
    if (line === null) return;
    if (line.seconds === null) undated++;
    else found.push({ ...line, seconds: line.seconds });
  });
  const kept = withoutRepeats(found);
  const repeats = found.length - kept.length;
  const events: FaultEvent[] = kept.map(({ seconds, device, xid }) => ({
    at: seconds,
    node: device,
    kind: kindOf(xid),
    down: NaN,
  }));
  return await traceOfEvents(
    input,
    "xid-log",
    events,
    [
      `${events.length} Xid events of ${new Set(events.map((e) => e.node)).size} GPUs`,
      ...(repeats === 0 ? [] : [`${counted(repeats, "repeat")} within a second dropped`]),
      ...(undated === 0 ? [] : [`${counted(undated, "line")} without a time dropped`]),
    ],
    "no line with an NVRM Xid",
  );
}

export const format: Importer<"faults"> = {
  name: "xid-log",
  kind: "faults",
  summary: "kernel log (dmesg, dmesg -T, dmesg --decode, /dev/kmsg) with NVRM Xid lines",
  reference: "NVIDIA, XID Errors, r555; Linux Documentation/ABI/testing/dev-kmsg",
  detect,
  read,
};
