import type { EstimateContext } from "../../estimate/usage/context.ts";
import { dataError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import type { Slo } from "../../search/advise/slo.ts";
import { createProgress } from "../progress.ts";
import type { AdviseDocument } from "../schemas/advise_schema.ts";
import { shellQuote } from "../shell_quote.ts";
import type { Output } from "../output.ts";
import { adviseDocument } from "./document.ts";
import { openTrace } from "./open_trace.ts";
import type { JobStep } from "./job_steps.ts";
import {
  familyFor,
  jobSpaces,
  type Point,
  policySpaces,
  settingText,
  type SpaceOptions,
} from "./points.ts";
import { type PricedPoint, pricedPoints } from "./priced.ts";
import { openResume, searchKey } from "./resume.ts";
import { searchRounds } from "./search.ts";
import { spaceFacts } from "./space_facts.ts";

/** One search: of a trace, within bounds, for a goal. */
export interface Ask {
  /** As typed: an id or name in the store, a file, or a description. */
  readonly trace: string;
  readonly format?: string;
  readonly family?: string;
  readonly space: SpaceOptions;
  readonly most: number;
  readonly slos: readonly Slo[];
  /** Null: the usual one of the family. */
  readonly goal: string | null;
  readonly seed: number;
  readonly names: { readonly hardware: string; readonly llm: string; readonly site: string };
  readonly profiles: Profiles;
  readonly context: EstimateContext;
  readonly notes: readonly string[];
  readonly today: string;
  readonly resume?: string;
  /** Prices what a point's command printed; null where that command prices itself. */
  readonly priceCommand: string | null;
  readonly storePath: string;
  /** Training steps to cross the policies with: the search of a job. */
  readonly steps?: readonly JobStep[];
  /** The command line of a point, where it is not its replay. */
  readonly commandOf?: (point: Point) => string;
}

export interface Answer {
  readonly document: AdviseDocument;
  /** The points of the document, with what they used. */
  readonly priced: readonly PricedPoint[];
}

/** Requests of a recorded engine that its own replay does not reproduce are not advised on. */
async function refuseDoubtful(
  ask: Ask,
  trace: Awaited<ReturnType<typeof openTrace>>,
): Promise<void> {
  if (trace.kind !== "requests") return;
  const { doubtOf } = await import("../validate/guard.ts");
  const doubt = await doubtOf({
    trace,
    storePath: ask.storePath,
    hardware: ask.names.hardware,
    llm: ask.names.llm,
    seed: ask.seed,
  });
  if (doubt === null) return;
  throw dataError(
    `advise refuses: ${doubt}`,
    'see "spillway replay validate"; a copy of the trace under another name is advised on unchecked',
  );
}

function commandOf(ask: Ask, point: Point): string {
  return [
    "spillway replay",
    point.family,
    shellQuote(ask.trace),
    `--policy ${point.choice.policy.name}`,
    ...Object.entries(point.set).map(([k, v]) =>
      `--set ${shellQuote(`${k}=${settingText(k, v)}`)}`
    ),
    `--hardware ${shellQuote(ask.names.hardware)} --llm ${shellQuote(ask.names.llm)}`,
    `--site ${shellQuote(ask.names.site)} --seed ${ask.seed}`,
  ].join(" ");
}

/** What is minimised when nobody says: recorded allocations have no price, their memory is the goal. */
function usualGoal(family: string, kind: TraceKind): string {
  return family === "allocator" && kind === "allocations" ? "peak_reserved_bytes" : "total_usd";
}

/** Searches one trace and makes the document of it. */
export async function searchTrace(ask: Ask, out: Output): Promise<Answer> {
  const { profiles, seed, context } = ask;
  const notes = [...ask.notes];
  const trace = await openTrace(ask.trace, {
    storePath: ask.storePath,
    profiles,
    seed,
    ...(ask.format === undefined ? {} : { format: ask.format }),
  });
  try {
    await refuseDoubtful(ask, trace);
    const family = familyFor(trace.kind, ask.family);
    const goal = ask.goal ?? usualGoal(family, trace.kind);
    const { facts, labels } = await spaceFacts(trace, family, profiles, seed);
    const { spaces, skipped } = ask.steps === undefined
      ? await policySpaces(trace.kind, facts, ask.space)
      : await jobSpaces(trace.kind, facts, ask.space, ask.steps);
    if (skipped.length > 0) {
      notes.push(`lossy policies are left out: ${skipped.join(", ")} (--allow-lossy)`);
    }
    const stamp = {
      id: trace.id,
      name: trace.name,
      kind: trace.kind,
      format: trace.format,
      sha256: trace.sha256,
      rows: trace.rows,
    };
    const shown = spaces.map((s) => [
      s.policy.name,
      s.dimensions,
      s.fixed,
      ...(s.step === undefined ? [] : [s.step.point.name]),
    ]) as unknown as Json;
    const resume = openResume(ask.resume, searchKey([stamp, profiles, seed, shown]));
    if (resume.known.size > 0) await out.note(`${resume.known.size} points are known already`);
    const progress = createProgress("searching", { quiet: out.quiet });
    const { points, results } = await searchRounds(trace, {
      family,
      spaces,
      most: ask.most,
      slos: ask.slos,
      goal,
      context,
      profiles,
      seed,
      labels,
      resume,
      onDone: (done, total) => progress.update(done, total),
    });
    progress.end();
    const document = adviseDocument({
      trace: stamp,
      profiles: { ...ask.names },
      seed,
      slos: ask.slos,
      goal,
      points,
      results,
      context,
      today: ask.today,
      notes,
      commandOf: ask.commandOf ?? ((point) => commandOf(ask, point)),
      priceCommand: ask.priceCommand,
    });
    return { document, priced: pricedPoints(points, results, context) };
  } finally {
    await trace.close();
  }
}
