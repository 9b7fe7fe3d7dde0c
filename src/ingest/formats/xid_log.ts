import type { FaultKind } from "../../model/trace/faults.ts";
import { createXidReader, xidOfLine } from "../../parse/xid_line.ts";
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

async function read(input: ImportInput) {
  const events: FaultEvent[] = [];
  /** Newest time of each GPU and Xid: a driver repeats a line for every channel or GPC. */
  const latest = new Map<string, number>();
  let repeats = 0;
  let undated = 0;
  const xidOf = createXidReader();
  await eachTextLine(input, (text) => {
    const found = xidOf(text);
    if (found === null) return;
    if (found.seconds === null) {
      undated++;
      return;
    }
    const key = `${found.device} ${found.xid}`;
    const before = latest.get(key);
    latest.set(key, found.seconds);
    if (before !== undefined && found.seconds - before < 1) {
      repeats++;
      return;
    }
    events.push({ at: found.seconds, node: found.device, kind: kindOf(found.xid), down: NaN });
  });
  return await traceOfEvents(
    input,
    "xid-log",
    events,
    [
      `${events.length} Xid events of ${new Set(events.map((e) => e.node)).size} GPUs`,
      ...(repeats === 0 ? [] : [`${repeats} repeats within a second were dropped`]),
      ...(undated === 0 ? [] : [`${undated} lines without a time were dropped`]),
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
