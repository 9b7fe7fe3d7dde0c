import { z } from "zod";
import { usageError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import type { Policy } from "../model/policy.ts";
import { closest } from "./did_you_mean.ts";

/** `--set [policy.]k=v` as parsed. */
export interface Assignment {
  /** Policy it is for; null for every chosen policy that has the parameter. */
  readonly policy: string | null;
  readonly key: string;
  readonly value: string;
}

/** `--sweep [policy.]k=a,b,c` or `k=a..b*2` or `k=a..b+5`. */
export interface Sweep {
  readonly policy: string | null;
  readonly key: string;
  readonly values: readonly string[];
}

// The registry's policies have different parameter types; `any` is their only common supertype.
// deno-lint-ignore no-explicit-any
export type AnyPolicy = Policy<any, any>;

/** A policy with the parameters of one run of it. */
export interface PolicyChoice {
  readonly policy: AnyPolicy;
  /** Parsed parameters, as `create` takes them. */
  readonly params: unknown;
  /** The parsed parameters as JSON, every default filled in. */
  readonly shown: { [key: string]: Json };
  /** The values that a sweep set, for labels; empty when nothing is swept. */
  readonly swept: { [key: string]: string };
}

function splitKey(left: string): { policy: string | null; key: string } {
  const dot = left.indexOf(".");
  return dot < 0
    ? { policy: null, key: left }
    : { policy: left.slice(0, dot), key: left.slice(dot + 1) };
}

/** Parses one `--set`. @throws usage error. */
export function parseAssignment(text: string): Assignment {
  const equals = text.indexOf("=");
  if (equals <= 0) {
    throw usageError(`--set: "${text}" has no "=": expected key=value or policy.key=value`);
  }
  return { ...splitKey(text.slice(0, equals).trim()), value: text.slice(equals + 1).trim() };
}

/** Parses one `--sweep` into its values. @throws usage error. */
export function parseSweep(text: string): Sweep {
  const equals = text.indexOf("=");
  const spec = text.slice(equals + 1).trim();
  if (equals <= 0 || spec === "") {
    throw usageError(`--sweep: "${text}" is not key=a,b,c or key=a..b*2 or key=a..b+step`);
  }
  return { ...splitKey(text.slice(0, equals).trim()), values: sweepValues(spec, text) };
}

function sweepValues(spec: string, text: string): string[] {
  const range =
    /^([0-9.eE+-]+?)([a-zA-Z/]*)\.\.([0-9.eE+-]+?)([a-zA-Z/]*)([*+])([0-9.]+)([a-zA-Z/]*)$/
      .exec(spec);
  if (range === null) {
    if (spec.includes("..")) {
      throw usageError(`--sweep: "${text}" is not a range: expected a..b*factor or a..b+step`);
    }
    return spec.split(",").map((value) => value.trim()).filter((value) => value !== "");
  }
  const [, from, unit, to, unitTo, operator, by, byUnit] = range;
  const suffix = unit === "" ? unitTo : unit;
  if ((unit !== "" && unitTo !== "" && unit !== unitTo) || (byUnit !== "" && byUnit !== suffix)) {
    throw usageError(`--sweep: "${text}" mixes units: write the same unit on both ends`);
  }
  const [start, end, step] = [Number(from), Number(to), Number(by)];
  const grows = operator === "*" ? step > 1 && start > 0 : step > 0;
  if (![start, end, step].every(Number.isFinite) || !grows || end < start) {
    throw usageError(`--sweep: "${text}" never reaches its end: expected a growing range`);
  }
  const values: string[] = [];
  for (let i = 0; values.length <= 10_000; i++) {
    const value = operator === "*" ? start * step ** i : start + step * i;
    if (value > end * (1 + 1e-12)) return values;
    values.push(`${Number(value.toPrecision(12))}${suffix}`);
  }
  throw usageError(`--sweep: "${text}" has more than 10,000 points`);
}

/** The object schema behind a policy's parameters. */
function shapeOf(policy: AnyPolicy): Record<string, z.ZodType> {
  const schema = policy.params as unknown as z.ZodObject;
  return (schema.shape ?? {}) as Record<string, z.ZodType>;
}

/** Names, defaults and descriptions of a policy's parameters, for help and `explain`. */
export function describeParams(
  policy: AnyPolicy,
): { name: string; fallback: string; description: string }[] {
  return Object.entries(shapeOf(policy)).map(([name, field]) => {
    const parsed = field.safeParse(undefined);
    const fallback = parsed.success && parsed.data !== undefined
      ? typeof parsed.data === "string" ? parsed.data : JSON.stringify(parsed.data)
      : "";
    return { name, fallback, description: field.description ?? "" };
  });
}

/** A typed guess of a word: number, boolean, null or text. */
function guess(text: string): unknown {
  if (text === "true") return true;
  if (text === "false") return false;
  if (text === "null") return null;
  if (text !== "" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

/** Reads one value the way its field wants it: as typed, or as plain text when that is refused. */
function coerce(field: z.ZodType, text: string): unknown {
  const typed = guess(text);
  if (field.safeParse(typed).success || !field.safeParse(text).success) return typed;
  return text;
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value, (_, v) => {
    if (typeof v === "bigint") return v.toString();
    if (v === Infinity) return "infinite";
    return v;
  }));
}

/** Every combination of the sweeps, first key slowest. */
function combinations(sweeps: readonly Sweep[]): Assignment[][] {
  return sweeps.reduce<Assignment[][]>(
    (before, sweep) =>
      before.flatMap((list) =>
        sweep.values.map((value) => [...list, { policy: sweep.policy, key: sweep.key, value }])
      ),
    [[]],
  );
}

function parseParams(
  policy: AnyPolicy,
  assignments: readonly Assignment[],
  swept: readonly Assignment[],
): PolicyChoice {
  const shape = shapeOf(policy);
  const input: Record<string, unknown> = {};
  const mine = (a: Assignment) => (a.policy === null || a.policy === policy.name) && a.key in shape;
  for (const a of [...assignments, ...swept]) {
    if (mine(a)) input[a.key] = coerce(shape[a.key], a.value);
  }
  const parsed = policy.params.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const key = issue.path.join(".");
    const given = [...assignments, ...swept].find((a) =>
      mine(a) && a.key === String(issue.path[0])
    );
    throw usageError(
      given === undefined
        ? `${policy.name} needs --set ${key || "…"}: ${issue.message}`
        : `--set ${key}=${given.value}: ${issue.message}`,
      `"spillway explain policy ${policy.name}" lists its parameters`,
    );
  }
  return {
    policy,
    params: parsed.data,
    shown: toJson(parsed.data) as { [key: string]: Json },
    swept: Object.fromEntries(swept.filter(mine).map((a) => [a.key, a.value])),
  };
}

/** Parses `--set k=v` assignments for anything with a zod object of parameters. @throws usage error. */
export function parseObject<P>(
  owner: string,
  schema: z.ZodType<P>,
  assignments: readonly Assignment[],
): P {
  const shape = ((schema as unknown as z.ZodObject).shape ?? {}) as Record<string, z.ZodType>;
  const input: Record<string, unknown> = {};
  for (const { key, value } of assignments) {
    if (!(key in shape)) {
      const near = closest(key, Object.keys(shape));
      throw usageError(
        `--set ${key}: ${owner} has no parameter "${key}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        `known parameters: ${Object.keys(shape).sort().join(", ")}`,
      );
    }
    input[key] = coerce(shape[key], value);
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw usageError(
    `--set ${issue.path.join(".")}=${input[String(issue.path[0])]}: ${issue.message}`,
  );
}

/**
 * Values for some parameters of a policy, read as `--set` reads them; what the policy lacks is left out.
 *
 * @throws usage error for a value that the parameter does not take.
 */
export function parseOverrides(
  flag: string,
  policy: AnyPolicy,
  assignments: readonly Assignment[],
): Record<string, unknown> {
  const shape = shapeOf(policy);
  const values: Record<string, unknown> = {};
  for (const { key, value, policy: only } of assignments) {
    if (!(key in shape) || (only !== null && only !== policy.name)) continue;
    const parsed = shape[key].safeParse(coerce(shape[key], value));
    if (!parsed.success) {
      throw usageError(
        `${flag} ${key}=${value}: ${parsed.error.issues[0].message}`,
        `"spillway explain policy ${policy.name}" lists its parameters`,
      );
    }
    values[key] = parsed.data;
  }
  return values;
}

/** Refuses a key that none of the chosen policies has. */
export function checkKeys(
  flag: string,
  keys: readonly { policy: string | null; key: string }[],
  policies: readonly AnyPolicy[],
): void {
  for (const { policy, key } of keys) {
    const targets = policy === null ? policies : policies.filter((p) => p.name === policy);
    if (targets.length === 0) {
      throw usageError(`${flag} ${policy}.${key}: policy "${policy}" was not chosen with --policy`);
    }
    const known = [...new Set(targets.flatMap((p) => Object.keys(shapeOf(p))))];
    if (known.includes(key)) continue;
    const near = closest(key, known);
    throw usageError(
      `${flag} ${key}: ${targets.map((p) => p.name).join(", ")} has no parameter "${key}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      known.length === 0 ? undefined : `known parameters: ${known.sort().join(", ")}`,
    );
  }
}

/** The runs that `--policy`, `--set` and `--sweep` ask for, policy-major, in the order given. */
export function choosePolicies(
  policies: readonly AnyPolicy[],
  assignments: readonly Assignment[],
  sweeps: readonly Sweep[],
): PolicyChoice[] {
  checkKeys("--set", assignments, policies);
  checkKeys("--sweep", sweeps, policies);
  return policies.flatMap((policy) => {
    const shape = shapeOf(policy);
    const own = sweeps.filter((s) =>
      (s.policy === null || s.policy === policy.name) && s.key in shape
    );
    return combinations(own).map((swept) => parseParams(policy, assignments, swept));
  });
}
