import { dataError } from "../../model/errors.ts";
import type { EstimateDocument, ReplayDocument, RunRecord } from "../../model/results.ts";
import type { Usage } from "../../model/usage.ts";
import type { EstimateInput } from "../../estimate/document.ts";
import { reservedOf } from "../../estimate/usage/reserved.ts";
import { readJson } from "../read_json.ts";
import { usageSchema } from "../schemas/metric_schema.ts";

/** What an estimate is about, and the profiles that its replay used. */
export interface Subject {
  readonly subject: EstimateDocument["subject"];
  readonly inputs: readonly EstimateInput[];
  /** Profiles by role as the replay kept them; empty for a run. */
  readonly profiles: Readonly<Record<string, unknown>>;
  /** Wall-clock seconds of a run; null for a replay, whose trace has no date. */
  readonly window: { readonly startSeconds: number; readonly endSeconds: number } | null;
  readonly run: RunRecord | null;
  /** Why nothing should be concluded from a replay, null where nothing says so. */
  readonly doubt: string | null;
  /** What to run instead where nothing in it can be priced. */
  readonly unpricedHint: string;
  /** Joules of any part of the window by the run's power samples; null when there are none. */
  energyBetween(): Promise<((from: number, to: number) => number) | null>;
}

const noSamples = (): Promise<null> => Promise.resolve(null);

/**
 * Results of a replay, each with a name of its own: the policy, and the parameters in which results of
 * one policy differ.
 */
function replayInputs(document: ReplayDocument): EstimateInput[] {
  return document.results.map((result) => {
    const twins = document.results.filter((r) => r.policy === result.policy);
    const differing = Object.keys(result.params).filter((key) =>
      new Set(twins.map((t) => JSON.stringify(t.params[key]))).size > 1
    );
    const shown = differing.map((key) => `${key}=${String(result.params[key])}`);
    return {
      name: [result.policy, ...shown].join(" "),
      usage: result.usage,
      reservedBytes: reservedOf(result.detail, result.params),
    };
  });
}

/** What says what the work used, where a replay of the family says something else. */
function unpricedHint(document: ReplayDocument): string {
  const trace = document.trace?.id ?? document.trace?.name ?? "TRACE";
  switch (document.family) {
    case "cache":
      return "it counts hits and knows no machine; estimate what the cache is kept with: " +
        `spillway replay offload ${trace} --save NAME`;
    case "allocator":
      return "mode=validate and the planner know no time; estimate a what-if: " +
        `spillway replay allocator ${trace} -p pytorch-caching,gmlake --save NAME`;
    case "training":
      return "none of its policies fits the hardware; replay it with more GPUs or memory";
    default:
      return "replays of offload, training, fault, loader and allocator policies report one";
  }
}

export function subjectOfReplay(
  document: ReplayDocument,
  id: string | null,
  name: string,
): Subject {
  return {
    subject: { kind: "replay", id, name },
    inputs: replayInputs(document),
    profiles: document.profiles,
    window: null,
    run: null,
    doubt: document.doubt ?? null,
    unpricedHint: unpricedHint(document),
    energyBetween: noSamples,
  };
}

export function subjectOfRun(record: RunRecord, id: string | null): Subject {
  const start = Number(BigInt(record.startedUnixNs) / 1000n) / 1e6;
  return {
    subject: { kind: "run", id, name: record.name },
    inputs: [{ name: record.name, usage: record.usage }],
    profiles: {},
    window: { startSeconds: start, endSeconds: start + record.durationNs / 1e9 },
    run: record,
    doubt: null,
    unpricedHint:
      "the counters of the run name no GPU, CPU, disk or energy; record it with more sources",
    energyBetween: noSamples,
  };
}

/** A JSON file: a replay's document, a run's record, or a bare usage. */
export function subjectOfFile(path: string): Subject {
  const json = readJson(path) as { schema?: unknown };
  const name = path.split("/").at(-1)!.replace(/\.json$/, "");
  if (json?.schema === "spillway/replay/1") {
    const document = json as unknown as ReplayDocument;
    document.results?.forEach((r, i) => checkUsage(r.usage, `${path}: results[${i}].usage`));
    if (!Array.isArray(document.results)) throw dataError(`${path}: results is missing`);
    return subjectOfReplay(document, null, name);
  }
  if (json?.schema === "spillway/run/1") {
    const record = json as unknown as RunRecord;
    checkUsage(record.usage, `${path}: usage`);
    return subjectOfRun(record, null);
  }
  const usage = checkUsage(json, path);
  if (usage === null) throw dataError(`${path}: null, expected a usage`);
  return {
    subject: { kind: "replay", id: null, name },
    inputs: [{ name, usage }],
    profiles: {},
    window: null,
    run: null,
    doubt: null,
    unpricedHint: "give it devices, flows or held bytes",
    energyBetween: noSamples,
  };
}

/** Counters of time and the clock of the run may differ by this much. */
const BUSY_SLACK = 1.01;

function checkUsage(value: unknown, where: string): Usage | null {
  if (value === null) return null;
  const parsed = usageSchema.safeParse(value);
  if (parsed.success) {
    const usage = parsed.data as Usage;
    const numbers = [
      usage.wallSeconds,
      ...usage.devices.flatMap((d) => [d.reservedSeconds, d.busySeconds ?? 0]),
      ...usage.flows.flatMap((f) => [f.bytes, f.requests]),
      ...usage.held.map((h) => h.byteSeconds),
      ...Object.values(usage.functionalUnits),
      ...Object.values(usage.measured?.joules ?? {}),
      usage.measured?.ssdHostWrittenBytes ?? 0,
      usage.measured?.ssdMediaWrittenBytes ?? 0,
      usage.measured?.gpuIntegralJoules ?? 0,
      usage.measured?.coverageRatio ?? 0,
      ...(usage.measured?.drives ?? []).flatMap((d) => [d.lifetimeHostBytes, d.powerOnHours]),
    ];
    if (numbers.some((n) => n < 0)) {
      throw dataError(`${where}: a time or an amount is negative, expected at least 0`);
    }
    const busy = usage.devices.find((d) => (d.busySeconds ?? 0) > d.reservedSeconds * BUSY_SLACK);
    if (busy !== undefined) {
      throw dataError(
        `${where}: ${busy.kind} devices are busy for ${busy.busySeconds} s of ${busy.reservedSeconds} s ` +
          "reserved, expected at most all of them",
      );
    }
    const unpowered = usage.measured?.drives?.find((d) => d.powerOnHours === 0);
    if (unpowered !== undefined) {
      throw dataError(
        `${where}: drive ${unpowered.device} was powered for 0 hours, which gives no write rate`,
        "leave the drive out of measured.drives",
      );
    }
    return usage;
  }
  const issue = parsed.error.issues[0];
  throw dataError(
    `${where}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
    "expected a usage, a replay document or a run record",
  );
}
