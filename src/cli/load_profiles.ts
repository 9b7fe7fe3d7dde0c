import type { z } from "zod";
import { usageError } from "../model/errors.ts";
import type { Profiles } from "../model/profiles/profiles.ts";
import { closest } from "./did_you_mean.ts";
import { checkJson, readJson } from "./read_json.ts";

type Role = keyof Profiles;
type NamedProfile = { readonly name: string };

interface RoleLoader {
  readonly builtins: () => Promise<readonly NamedProfile[]>;
  readonly schema: () => Promise<z.ZodType>;
}

const ROLES: Readonly<Record<Role, RoleLoader>> = {
  hardware: {
    builtins: async () => (await import("../model/profiles/builtin/hardware.ts")).BUILTIN_HARDWARE,
    schema: async () => (await import("../model/profiles/hardware.ts")).hardwareProfileSchema,
  },
  llm: {
    builtins: async () => (await import("../model/profiles/builtin/llm.ts")).BUILTIN_LLMS,
    schema: async () => (await import("../model/profiles/llm.ts")).llmProfileSchema,
  },
  site: {
    builtins: async () => (await import("../model/profiles/builtin/sites.ts")).BUILTIN_SITES,
    schema: async () => (await import("../model/profiles/site.ts")).siteProfileSchema,
  },
};

/** Names of the built-in profiles of a role. */
export async function builtinProfileNames(role: Role): Promise<string[]> {
  return (await ROLES[role].builtins()).map((profile) => profile.name);
}

/**
 * A profile by built-in name or from a JSON file (a path, or anything that ends in .json).
 *
 * @throws usage error for an unknown name, data error for a file that is no such profile.
 */
export async function loadProfile<R extends Role>(
  role: R,
  given: string | null | undefined,
): Promise<Profiles[R]> {
  if (given === null || given === undefined) return null as Profiles[R];
  const { builtins, schema } = ROLES[role];
  if (!given.endsWith(".json") && !given.includes("/")) {
    const known = await builtins();
    const found = known.find((p) => p.name.toLowerCase() === given.toLowerCase());
    if (found !== undefined) return found as Profiles[R];
    const near = closest(given, known.map((p) => p.name));
    throw usageError(
      `--${role}: there is no built-in profile "${given}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `built in: ${known.map((p) => p.name).join(", ")}; or give a JSON file`,
    );
  }
  const json = readJson(given, (message) => usageError(`--${role}: ${message}`));
  return checkJson(
    json,
    await schema(),
    given,
    `a ${role} profile is described by "spillway schema profile ${role}"`,
  ) as Profiles[R];
}

/** The three profiles that the settings name. */
export async function loadProfiles(
  names: { hardware?: string | null; llm?: string | null; site?: string | null },
): Promise<Profiles> {
  return {
    hardware: await loadProfile("hardware", names.hardware),
    llm: await loadProfile("llm", names.llm),
    site: await loadProfile("site", names.site),
  };
}
