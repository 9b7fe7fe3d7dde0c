import type { LiveEndpoints, Source } from "../../collect/source.ts";
import { messageOf } from "../../model/errors.ts";
import { wrapText } from "../wrap.ts";
import type { Output } from "../output.ts";

/** What a source can read here. */
export interface ProbedSource {
  readonly name: string;
  readonly summary: string;
  readonly status: "ok" | "partial" | "absent" | "denied";
  readonly reason: string | null;
  readonly remedy: string | null;
  readonly devices: readonly string[];
}

/** Asks every source what it can read on this machine; a source that throws is absent with the reason. */
export async function probeSources(
  sources: readonly Source[],
  intervalNs: number,
  live: Omit<LiveEndpoints, "filePrefix"> = { scrape: [], kvEvents: [], scrub: true },
): Promise<ProbedSource[]> {
  const context = {
    root: "",
    intervalNs,
    follows: true,
    pid: () => null,
    nowNs: () => 0,
    live: { ...live, filePrefix: "" },
  };
  return await Promise.all(sources.map(async (source) => {
    const { name, summary } = source;
    try {
      const { status, reason, remedy, devices } = await source.probe(context);
      return { name, summary, status, reason, remedy, devices };
    } catch (error) {
      const reason = `its probe failed: ${messageOf(error)}`;
      return { name, summary, status: "absent" as const, reason, remedy: null, devices: [] };
    }
  }));
}

/** One block a source: status, what it reads, why not, and what to do. */
export function renderProbes(probes: readonly ProbedSource[], out: Output): string {
  const name = Math.max(...probes.map((p) => p.name.length)) + 2;
  const indent = name + 9;
  const colour = { ok: out.style.green, partial: out.style.yellow, denied: out.style.red };
  return probes.map((probe) => {
    const paint = probe.status === "absent" ? out.style.dim : colour[probe.status];
    const texts = [
      probe.devices.length === 0 ? "" : shorten(probe.devices),
      probe.reason ?? "",
      probe.remedy === null ? "" : `to have it: ${probe.remedy}`,
    ].filter((text) => text !== "");
    const lines = texts.flatMap((text) => wrapText(text, Math.max(20, out.width - indent)));
    const head = probe.name.padEnd(name) + paint(probe.status.padEnd(9));
    if (lines.length === 0) return head.trimEnd();
    return lines.map((line, i) => (i === 0 ? head : " ".repeat(indent)) + line).join("\n");
  }).join("\n") + "\n";
}

function shorten(devices: readonly string[]): string {
  return devices.length <= 8
    ? devices.join(", ")
    : `${devices.slice(0, 8).join(", ")} and ${devices.length - 8} more`;
}
