import { Command } from "@cliffy/command";
import type { z } from "zod";
import type { Family } from "../model/policy.ts";
import type { Profiles } from "../model/profiles/profiles.ts";
import type { ReplayDocument } from "../model/results.ts";
import type { Trace, TraceKind } from "../model/trace/trace.ts";
import { openOutput, type Output } from "./output.ts";
import { createProgress } from "./progress.ts";
import { loadPolicies, type ReplayOptions, withReplayOptions } from "./replay_options.ts";
import { choosePolicies, type PolicyChoice } from "./replay_params.ts";
import { renderReplay } from "./replay_render.ts";
import { replayDocument, runPolicies } from "./replay_run.ts";

/** What a family adds to the common replay command. */
export interface ReplayCommand {
  readonly family: Family;
  /** Policies compared when `--policy` is not given; they may depend on what the argument describes. */
  readonly defaultPolicies: readonly string[] | ((argument: string) => readonly string[]);
  /** Instead of them, by the kind of trace, for a family that replays several kinds. */
  readonly defaultsByKind?: Partial<Record<TraceKind, readonly string[]>>;
  readonly description: string;
  readonly examples: readonly (readonly [string, string])[];
  /** More options of the family; they reach `prepare` and `after`. */
  readonly options?: (command: Command) => Command;
  /** Built-in profiles taken when none is named. */
  readonly defaults?: { readonly hardware?: string; readonly llm?: string; readonly site?: string };
  /** A trace that the argument describes instead of naming (a generator); null means a file or the store. */
  readonly trace?: (
    argument: string,
    options: ReplayOptions,
    seed: number,
    profiles: Profiles,
  ) => Trace | null | Promise<Trace | null>;
  /** Changes the trace before it is replayed (what other files say of it). */
  readonly adapt?: (trace: Trace, options: ReplayOptions) => Trace | Promise<Trace>;
  /** Changes the runs before they start (`--alloc-conf`, `--gpu-blocks`). */
  readonly prepare?: (
    choices: PolicyChoice[],
    options: ReplayOptions,
    trace: Trace,
    profiles: Profiles,
  ) => PolicyChoice[] | Promise<PolicyChoice[]>;
  /** Whether the options ask for the trace as it was recorded, not only for what a replay needs of it. */
  readonly asRecorded?: (options: ReplayOptions) => boolean;
  /** Lines printed below the ranking, such as a table of thresholds. */
  readonly extra?: (document: ReplayDocument, out: Output) => readonly string[];
  /** Adds to the document what needs more than one replay (a search, a verdict). */
  readonly after?: (context: ReplayAfter) => ReplayDocument | Promise<ReplayDocument>;
}

export interface ReplayAfter {
  readonly document: ReplayDocument;
  readonly trace: Trace;
  readonly choices: readonly PolicyChoice[];
  readonly profiles: Profiles;
  readonly options: ReplayOptions;
  readonly out: Output;
}

/** The schema of what every `replay <family> --json` prints; loaded only when it is asked for. */
export async function replayOutput(): Promise<z.ZodType> {
  return (await import("./schemas/replay_schema.ts")).replayDocumentSchema;
}

/** Builds `replay <family>`. */
export function buildReplayCommand(spec: ReplayCommand): Command {
  let command = withReplayOptions(new Command(), spec.family.name).description(spec.description);
  if (spec.options !== undefined) command = spec.options(command);
  for (const [name, line] of spec.examples) command.example(name, line);
  return command.action((options: ReplayOptions, argument: string) =>
    runReplay(spec, options, argument)
  );
}

/** A trace that was loaded, or made. */
type Loaded = Trace & { readonly id: string | null; close(): Promise<void> };

async function load(
  spec: ReplayCommand,
  argument: string,
  options: ReplayOptions,
  kind: readonly TraceKind[],
  out: Output,
): Promise<Loaded> {
  const { loadTrace } = await import("./load_trace.ts");
  const compact = options.save === undefined && !(spec.asRecorded?.(options) ?? false);
  const storePath = out.setting("store").value!;
  return await loadTrace(argument, { storePath, format: options.format, kind, compact });
}

async function runReplay(
  spec: ReplayCommand,
  options: ReplayOptions,
  argument: string,
): Promise<void> {
  const out = openOutput(options);
  const { family, defaults = {} } = spec;
  // Everything the command line can get wrong is checked before the trace is read; only which policies are
  // meant when none is named may depend on what the trace is.
  const { defaultsByKind } = spec;
  const first = defaultsByKind === undefined || (options.policy?.length ?? 0) > 0
    ? null
    : await load(spec, argument, options, Object.keys(defaultsByKind) as TraceKind[], out);
  const fallback = first !== null
    ? defaultsByKind![first.kind]!
    : typeof spec.defaultPolicies === "function"
    ? spec.defaultPolicies(argument)
    : spec.defaultPolicies;
  const policies = await loadPolicies(family.name, options.policy, fallback, family);
  let choices = choosePolicies(policies, options.set ?? [], options.sweep ?? []);
  const { loadProfiles } = await import("./load_profiles.ts");
  const profiles = await loadProfiles({
    hardware: out.setting("hardware", options.hardware).value ?? defaults.hardware,
    llm: out.setting("llm", options.llm).value ?? defaults.llm,
    site: out.setting("site", options.site).value ?? defaults.site,
  });
  const seed = Number(out.setting("seed", options.seed).value);
  const kind = [...new Set(policies.flatMap((p) => p.accepts))] as TraceKind[];
  const made = first === null
    ? await spec.trace?.(argument, options, seed, profiles) ?? null
    : null;
  const loaded: Loaded = made === null
    ? first ?? await load(spec, argument, options, kind, out)
    : { ...made, id: null, close: () => Promise.resolve() };
  let trace: Trace & { readonly id: string | null } = loaded;
  let document: ReplayDocument;
  try {
    if (spec.adapt !== undefined) trace = { ...await spec.adapt(loaded, options), id: loaded.id };
    if (spec.prepare !== undefined) choices = await spec.prepare(choices, options, trace, profiles);
    const progress = createProgress(`replay ${family.name}`, out);
    const results = await runPolicies(trace, choices, profiles, seed, progress);
    document = replayDocument(family, trace, profiles, seed, results);
    if (spec.after !== undefined) {
      document = await spec.after({ document, trace, choices, profiles, options, out });
    }
  } finally {
    await loaded.close();
  }
  if (options.save !== undefined) {
    const { saveReplay } = await import("./replay_save.ts");
    document = await saveReplay(document, trace, options.save, out.setting("store").value!, out);
  }
  await out.emit(document, () => renderReplay(document, family, out, spec.extra?.(document, out)));
}
