import { usageError } from "../../model/errors.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import { POLICIES } from "../../registry/policies.ts";
import { defaultSpace, limitSpaces } from "../../search/advise/space.ts";
import { closest } from "../did_you_mean.ts";
import {
  type AnyPolicy,
  type Assignment,
  choosePolicies,
  describeParams,
  type PolicyChoice,
  type Sweep,
} from "../replay_params.ts";

/** Family that a search of a trace looks into by default. */
const FAMILY_OF_KIND: Readonly<Partial<Record<TraceKind, string>>> = {
  requests: "offload",
  allocations: "allocator",
  faults: "fault",
  tensors: "training",
};

export interface SpaceOptions {
  readonly family?: string;
  readonly policies?: readonly string[];
  readonly set: readonly Assignment[];
  readonly sweep: readonly Sweep[];
  readonly allowLossy: boolean;
  readonly most: number;
}

/** One point: a policy, its parameters, and the settings that make it in `replay`. */
export interface Point {
  readonly choice: PolicyChoice;
  readonly family: string;
  readonly set: Readonly<Record<string, string>>;
  readonly name: string;
}

async function policiesFor(
  kind: TraceKind,
  options: SpaceOptions,
): Promise<{ family: string; policies: AnyPolicy[]; skipped: string[] }> {
  const family = options.family ?? FAMILY_OF_KIND[kind];
  if (family === undefined) {
    throw usageError(`advise: there is nothing to search for a trace of ${kind}`);
  }
  const entries = POLICIES.filter((p) => p.family === family);
  const names = entries.map((p) => p.name);
  for (const name of options.policies ?? []) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    throw usageError(
      `--policy: ${family} has no policy "${name}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `known policies: ${names.join(", ")}`,
    );
  }
  const wanted = entries.filter((p) =>
    options.policies === undefined || options.policies.includes(p.name)
  );
  const loaded = await Promise.all(wanted.map((p) => p.load())) as AnyPolicy[];
  const fitting = loaded.filter((p) => (p.accepts as readonly string[]).includes(kind));
  const lossy = fitting.filter((p) => p.lossy === true && !options.allowLossy);
  // What an engine was recorded with is no choice of its own; named with --policy it takes part.
  const named = options.policies !== undefined;
  const policies = fitting.filter((p) => !lossy.includes(p) && (named || p.name !== "as-run"));
  if (policies.length === 0) {
    throw usageError(
      `advise: no policy of ${family} replays a trace of ${kind}`,
      names.length === 0 ? undefined : `known policies: ${names.join(", ")}`,
    );
  }
  return { family, policies, skipped: lossy.map((p) => p.name) };
}

/**
 * The points to search: for each policy the sweeps the user gave, and defaults for the other parameters
 * that matter, cut to the wanted number. Equal parameter sets are searched once.
 */
export async function searchPoints(
  kind: TraceKind,
  hardware: HardwareProfile | null,
  options: SpaceOptions,
): Promise<{ points: Point[]; skipped: string[] }> {
  const { family, policies, skipped } = await policiesFor(kind, options);
  const fixed = (policy: AnyPolicy) =>
    new Set(
      [...options.set, ...options.sweep]
        .filter((a) => a.policy === null || a.policy === policy.name)
        .map((a) => a.key),
    );
  const spaces = limitSpaces(
    policies.map((policy) => {
      const parameters = new Set(describeParams(policy).map((p) => p.name));
      const taken = fixed(policy);
      return defaultSpace(family, parameters, hardware).filter((d) => !taken.has(d.key));
    }),
    options.most,
  );
  const sweeps = policies.flatMap((policy, i) =>
    spaces[i].map((d): Sweep => ({ policy: policy.name, key: d.key, values: d.values }))
  );
  // Latencies of a search need no ends of their own: three replays a point become one.
  const quick: Assignment[] = policies
    .filter((p) => describeParams(p).some((d) => d.name === "intervals"))
    .map((p) => ({ policy: p.name, key: "intervals", value: "false" }));
  const choices = choosePolicies(
    policies,
    [...quick, ...options.set],
    [...options.sweep, ...sweeps],
  );
  const seen = new Set<string>();
  const points: Point[] = [];
  for (const choice of choices) {
    const key = `${choice.policy.name} ${JSON.stringify(choice.shown)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const own = options.set.filter((a) =>
      (a.policy === null || a.policy === choice.policy.name) && a.key in choice.shown
    );
    const set = { ...Object.fromEntries(own.map((a) => [a.key, a.value])), ...choice.swept };
    points.push({ choice, family, set, name: nameOf(choice) });
  }
  return { points, skipped };
}

function nameOf(choice: PolicyChoice): string {
  const parts = Object.entries(choice.swept).map(([key, value]) =>
    `${key}=${sizeText(key, value)}`
  );
  return [choice.policy.name, ...parts].join(" ");
}

const SIZES = new Set(["dram", "ssd", "remote"]);

/** Sizes as people write them, where that is exact: `dram=274877906944` reads `dram=256GiB`. */
export function sizeText(key: string, value: string): string {
  const bytes = Number(value);
  if (!SIZES.has(key) || !Number.isInteger(bytes) || bytes === 0) return value;
  for (const [unit, size] of [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20]] as const) {
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return value;
}
