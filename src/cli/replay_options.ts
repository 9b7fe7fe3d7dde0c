import type { Command } from "@cliffy/command";
import { usageError } from "../model/errors.ts";
import type { Family, PolicyFamily } from "../model/policy.ts";
import { POLICIES } from "../registry/policies.ts";
import { closest } from "./did_you_mean.ts";
import type { GlobalOptions } from "./output.ts";
import { modified, splitModifiers } from "./policy_modifiers.ts";
import {
  type AnyPolicy,
  type Assignment,
  parseAssignment,
  parseSweep,
  type Sweep,
} from "./replay_params.ts";

/** Options that every `replay <family>` has. */
export interface ReplayOptions extends GlobalOptions {
  readonly policy?: readonly string[];
  readonly set?: readonly Assignment[];
  readonly sweep?: readonly Sweep[];
  readonly hardware?: string;
  readonly llm?: string;
  readonly site?: string;
  readonly seed?: number;
  readonly format?: string;
  readonly save?: string;
}

/** Gives a replay command the options of {@link ReplayOptions} and the argument `<trace>`. */
export function withReplayOptions(command: Command, family: PolicyFamily): Command {
  const names = POLICIES.filter((p) => p.family === family).map((p) => p.name);
  return command
    .arguments("<trace:string>")
    .type("assignment", ({ value }) => parseAssignment(value))
    .type("sweep", ({ value }) => parseSweep(value))
    .option("-p, --policy <names:string[]>", `Policies to compare: ${names.join(", ")}.`)
    .option("--set <key=value:assignment>", "Set a parameter: [policy.]key=value.", {
      collect: true,
    })
    .option("--sweep <key=values:sweep>", "Run for each value: k=a,b,c or k=a..b*2 or k=a..b+s.", {
      collect: true,
    })
    .option("--hardware <profile:string>", "Hardware profile: a built-in name or a JSON file.")
    .option("--llm <profile:string>", "Model profile: a built-in name or a JSON file.")
    .option("--site <profile:string>", "Site profile: a built-in name or a JSON file.")
    .option("--seed <n:integer>", "Seed of everything random.")
    .option("--format <name:string>", "Format of the trace file, when detection fails.")
    .option("--save <name:string>", "Store the trace and the results under this name.");
}

/** Loads the named policies of a family, or all of `fallback` when none is named. */
export async function loadPolicies(
  family: PolicyFamily,
  names: readonly string[] | undefined,
  fallback: readonly string[],
  combine: Pick<Family, "aliases" | "modifiers"> = {},
): Promise<AnyPolicy[]> {
  const known = POLICIES.filter((p) => p.family === family);
  const wanted = names === undefined || names.length === 0 ? fallback : names;
  const loaded: AnyPolicy[] = [];
  for (const text of wanted) {
    const { name: given, modifiers } = splitModifiers(text);
    const name = combine.aliases?.[given] ?? given;
    const entry = known.find((p) => p.name === name);
    if (entry === undefined) {
      const near = closest(name, known.map((p) => p.name));
      throw usageError(
        `--policy: ${family} has no policy "${name}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        `known policies: ${known.map((p) => p.name).join(", ")}`,
      );
    }
    loaded.push(modified(await entry.load(), modifiers, combine.modifiers ?? {}));
  }
  return loaded;
}
