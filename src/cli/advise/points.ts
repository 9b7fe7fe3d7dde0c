import { usageError } from "../../model/errors.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import { formatSeconds } from "../../model/units.ts";
import { POLICIES } from "../../registry/policies.ts";
import {
  combinations,
  defaultSpace,
  type Dimension,
  limitSpaces,
  SIZE_KEYS,
  type SpaceFacts,
} from "../../search/advise/space.ts";
import { closest } from "../did_you_mean.ts";
import {
  type AnyPolicy,
  type Assignment,
  choosePolicies,
  describeParams,
  type PolicyChoice,
  type Sweep,
} from "../replay_params.ts";
import type { JobStep } from "./job_steps.ts";

/** Family that a search of a trace looks into by default. */
const FAMILY_OF_KIND: Readonly<Partial<Record<TraceKind, string>>> = {
  requests: "offload",
  allocations: "allocator",
  faults: "fault",
  tensors: "training",
};

/** Policies that keep nothing below the GPU: what the others must beat, so they are searched first. */
const BASELINES = ["none", "recompute", "gpu-only", "periodic-sync"];

export interface SpaceOptions {
  readonly policies?: readonly string[];
  readonly set: readonly Assignment[];
  readonly sweep: readonly Sweep[];
  readonly allowLossy: boolean;
  /** Some settings are meant for another search of the same command: those without a use here pass. */
  readonly someElsewhere?: boolean;
}

/** One point: a policy, its parameters, and the settings that make it in `replay`. */
export interface Point {
  readonly choice: PolicyChoice;
  readonly family: string;
  readonly set: Readonly<Record<string, string>>;
  readonly name: string;
  readonly space: PolicySpace;
}

/** A policy with the dimensions that a search varies; what the user fixed is left alone. */
export interface PolicySpace {
  readonly policy: AnyPolicy;
  readonly dimensions: readonly Dimension[];
  readonly fixed: readonly Assignment[];
  /** The training step that the job of a fault policy repeats. */
  readonly step?: JobStep;
}

/** The family to search for a trace. @throws usage error when there is none. */
export function familyFor(kind: TraceKind, given: string | undefined): string {
  const family = given ?? FAMILY_OF_KIND[kind];
  if (family === undefined) {
    throw usageError(`advise: there is nothing to search for a trace of ${kind}`);
  }
  const known = [...new Set(POLICIES.map((p) => p.family))];
  if (!known.includes(family)) {
    const near = closest(family, known);
    throw usageError(
      `--family: there is no family "${family}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `families: ${known.join(", ")}`,
    );
  }
  return family;
}

async function policiesOf(
  kind: TraceKind,
  family: string,
  options: SpaceOptions,
): Promise<{ policies: AnyPolicy[]; skipped: string[] }> {
  const entries = POLICIES.filter((p) => p.family === family);
  const names = entries.map((p) => p.name);
  // Of two searches in one command each takes the names that it knows.
  const elsewhere = options.someElsewhere === true ? POLICIES.map((p) => p.name) : [];
  for (const name of options.policies ?? []) {
    if (names.includes(name) || elsewhere.includes(name)) continue;
    const near = closest(name, names);
    throw usageError(
      `--policy: ${family} has no policy "${name}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `known policies: ${names.join(", ")}`,
    );
  }
  const chosen = options.policies?.filter((name) => names.includes(name)) ?? [];
  const named = chosen.length > 0;
  const wanted = entries.filter((p) => !named || chosen.includes(p.name));
  const loaded = await Promise.all(wanted.map((p) => p.load())) as AnyPolicy[];
  const fitting = loaded.filter((p) => (p.accepts as readonly string[]).includes(kind));
  const lossy = fitting.filter((p) => p.lossy === true && !options.allowLossy);
  // What an engine was recorded with is no choice of its own; named with --policy it takes part.
  const policies = fitting.filter((p) => !lossy.includes(p) && (named || p.name !== "as-run"));
  if (policies.length === 0) {
    throw usageError(
      `advise: no policy of ${family} replays a trace of ${kind}`,
      names.length === 0 ? undefined : `known policies: ${names.join(", ")}`,
    );
  }
  const first = (p: AnyPolicy) => BASELINES.includes(p.name) ? 0 : 1;
  return {
    policies: policies.sort((a, b) => first(a) - first(b)),
    skipped: lossy.map((p) => p.name),
  };
}

function forPolicy<T extends { policy: string | null; key: string }>(
  list: readonly T[],
  policy: AnyPolicy,
  parameters: ReadonlySet<string>,
): T[] {
  return list.filter((a) =>
    a.policy === policy.name || (a.policy === null && parameters.has(a.key))
  );
}

/** The spaces to search: the user's sweeps, and default dimensions for what the user left open. */
export async function policySpaces(
  kind: TraceKind,
  facts: SpaceFacts,
  options: SpaceOptions,
): Promise<{ spaces: PolicySpace[]; skipped: string[] }> {
  const { policies, skipped } = await policiesOf(kind, facts.family, options);
  const spaces = policies.map((policy): PolicySpace => {
    const parameters = new Set(describeParams(policy).map((p) => p.name));
    const fixed = forPolicy(options.set, policy, parameters);
    const swept = forPolicy(options.sweep, policy, parameters)
      .map((s): Dimension => ({ key: s.key, values: s.values }));
    const taken = new Set([...fixed.map((a) => a.key), ...swept.map((s) => s.key)]);
    return {
      policy,
      fixed,
      dimensions: [
        ...swept,
        ...defaultSpace(facts, parameters).filter((d) => !taken.has(d.key)),
      ],
    };
  });
  for (const stray of [...options.set, ...options.sweep]) {
    const used = spaces.some((s) =>
      s.fixed.includes(stray as Assignment) || s.dimensions.some((d) => d.key === stray.key)
    );
    if (!used && options.someElsewhere !== true) {
      throw usageError(
        `--set or --sweep ${stray.key}: no policy of this search has the parameter`,
        `spillway explain policy NAME lists the parameters`,
      );
    }
  }
  return { spaces, skipped };
}

/** The spaces of a search of failures for each of several training steps. */
export async function jobSpaces(
  kind: TraceKind,
  facts: SpaceFacts,
  options: SpaceOptions,
  steps: readonly JobStep[],
): Promise<{ spaces: PolicySpace[]; skipped: string[] }> {
  const each = await Promise.all(steps.map(async (step) => {
    // What the user says of one policy is the last word.
    const set = [...step.derived, ...options.set];
    const { spaces, skipped } = await policySpaces(kind, facts, { ...options, set });
    return { spaces: spaces.map((s): PolicySpace => ({ ...s, step })), skipped };
  }));
  return { spaces: each.flatMap((e) => e.spaces), skipped: each[0].skipped };
}

/** Settings that stand in a point's name even at their first value. */
const ALWAYS_NAMED: ReadonlySet<string> = new Set([...SIZE_KEYS, "gpus", "interval", "stages"]);

/** A tiered policy without any tier keeps nothing: it repeats the baseline. */
function isEmptyTiers(space: PolicySpace, set: Readonly<Record<string, string>>): boolean {
  const own = [...SIZE_KEYS].filter((t) => set[t] !== undefined);
  return !BASELINES.includes(space.policy.name) && own.includes("dram") &&
    own.every((t) => Number(set[t]) === 0);
}

/** One point of a space; null where it repeats the baseline. */
export function makePoint(
  space: PolicySpace,
  family: string,
  set: Readonly<Record<string, string>>,
  labels: ReadonlyMap<string, string>,
): Point | null {
  if (isEmptyTiers(space, set)) return null;
  const { policy, fixed } = space;
  const own = Object.fromEntries(fixed.map((a) => [a.key, a.value]));
  const all = { ...own, ...set };
  // Latencies of a search need no ends of their own: three replays a point become one.
  const quick = describeParams(policy).some((d) => d.name === "intervals") &&
      all.intervals === undefined
    ? [{ policy: policy.name, key: "intervals", value: "false" }]
    : [];
  const assignments = Object.entries(all).map(([key, value]): Assignment => ({
    policy: policy.name,
    key,
    value,
  }));
  const [choice] = choosePolicies([policy], [...quick, ...assignments], []);
  const parts = Object.entries(set).filter(([key, value]) =>
    ALWAYS_NAMED.has(key) || value !== space.dimensions.find((d) => d.key === key)?.values[0]
  ).map(([key, value]) =>
    key === "kvWaste" && labels.has(value)
      ? `allocator=${labels.get(value)!.replace(" reserve=", "-")}`
      : `${key}=${sizeText(key, value)}`
  );
  const ownName = [policy.name, ...parts].join(" ");
  return {
    choice,
    family,
    set: all,
    name: space.step === undefined ? ownName : `${space.step.point.name} + ${ownName}`,
    space,
  };
}

/** What makes two points the same. */
export function pointKey(point: Point): string {
  const { step } = point.space;
  const own = `${point.choice.policy.name} ${JSON.stringify(point.choice.shown)}`;
  return step === undefined ? own : `${pointKey(step.point)} + ${own}`;
}

/** The first round: every combination of the spaces, cut to about `most` points. */
export function firstPoints(
  spaces: readonly PolicySpace[],
  family: string,
  most: number,
  labels: ReadonlyMap<string, string>,
): Point[] {
  const cut = limitSpaces(spaces.map((s) => s.dimensions), most);
  const seen = new Set<string>();
  return spaces.flatMap((space, i) =>
    combinations(cut[i]).flatMap((set) => {
      const point = makePoint(space, family, set, labels);
      if (point === null || seen.has(pointKey(point))) return [];
      seen.add(pointKey(point));
      return [point];
    })
  );
}

/** A setting as a command takes it: exact, sizes with a unit. */
export function settingText(key: string, value: string): string {
  return key === "interval" ? value : sizeText(key, value);
}

/** Sizes and times as people write them: `dram=274877906944` reads `dram=256GiB`. */
export function sizeText(key: string, value: string): string {
  const bytes = Number(value);
  if (key === "interval" && Number.isFinite(bytes)) return formatSeconds(bytes).replace(" ", "");
  if (!SIZE_KEYS.has(key) || !Number.isInteger(bytes) || bytes === 0) return value;
  for (const [unit, size] of [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20]] as const) {
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return value;
}
