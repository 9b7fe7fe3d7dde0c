import { analyzeRun } from "../../analyze/analyze_run.ts";
import { runEngine } from "../../analyze/run_engine.ts";
import type { Spool } from "../../collect/spool/reader.ts";
import type { RunRecord } from "../../model/results.ts";
import { formatSeconds } from "../../model/units.ts";
import { engineConfig, measuredCeilings, usageFacts } from "./run_facts.ts";

/** Why a run is partial, or null. */
function partialReason(spool: Spool): string | null {
  if (spool.footer === null) {
    const until = formatSeconds(spool.lastTimeNs / 1e9);
    const why = spool.torn === null ? "" : `; ${spool.torn.reason}`;
    return `the recorder ended without closing the recording; samples up to ${until} are here${why}`;
  }
  if (spool.footer.partialReason !== null) return spool.footer.partialReason;
  return spool.torn === null ? null : `the spool is damaged: ${spool.torn.reason}`;
}

/** The run that a spool holds; a spool without its end gives a partial run. */
export async function runOfSpool(spool: Spool): Promise<RunRecord> {
  const { header, footer, state } = spool;
  const { fingerprint } = header;
  const durationNs = footer?.durationNs ?? spool.lastTimeNs;
  const recorder = footer?.recorder ?? state?.recorder ?? {
    ticks: 0,
    missedTicks: 0,
    latenessP50Ns: 0,
    latenessP99Ns: 0,
    cpuSeconds: 0,
    peakRssBytes: 0,
  };
  const sources = footer?.sources ?? state?.sources ?? [];
  const reason = partialReason(spool);
  const { view, ledger, metrics, usage, stalls } = await analyzeRun(spool, {
    fromNs: 0,
    toNs: durationNs,
    intervalNs: header.intervalNs,
    sources,
    recorder,
    usage: usageFacts(fingerprint),
    ceilings: measuredCeilings(fingerprint),
  });
  const engine = runEngine(view, engineConfig(fingerprint), null);
  return {
    schema: "spillway/run/1",
    tool: { name: "spillway", version: header.toolVersion },
    name: header.name,
    command: header.command,
    workingDirectory: header.workingDirectory,
    startedUnixNs: state?.startedUnixNs ?? header.startedUnixNs,
    durationNs,
    intervalNs: header.intervalNs,
    status: reason === null ? "complete" : "partial",
    statusReason: reason,
    exit: footer?.exit ?? { code: null, signal: null },
    sources,
    marks: spool.marks.toSorted((a, b) => a.timeNs - b.timeNs),
    recorder,
    fingerprint,
    ledger,
    metrics,
    ...(stalls === undefined ? {} : { stalls }),
    ...(engine === null ? {} : { engine }),
    usage,
  };
}
