import { closest } from "../did_you_mean.ts";
import { camelCase } from "./flags.ts";
import { ValidationError } from "./types.ts";

/** Turns one value into what the action gets; `previous` is the default or what stood before. */
type ParseValue = (value: string, previous: unknown) => unknown;

export interface LineOption {
  /** Short and long form as declared: `-i, --interval`, `--no-pager`. */
  readonly flags: string;
  /** A switch, or an option whose value must or may follow. */
  readonly takes: "nothing" | "value" | "maybe a value";
  readonly parse: ParseValue;
  readonly default: unknown;
  /** Names, as the action sees them, of options that may not stand beside this one. */
  readonly conflicts: readonly string[];
}

export interface LineArgument {
  readonly name: string;
  readonly optional: boolean;
  readonly variadic: boolean;
  readonly parse: ParseValue;
}

/** What must be known of a command to read its line. */
export interface LineSyntax {
  readonly name: string;
  readonly options: readonly LineOption[];
  readonly arguments: readonly LineArgument[];
  /** Long forms of the options that help shows. */
  readonly shown: readonly string[];
  /** Everything from the first argument on is left as it is. */
  readonly stopEarly: boolean;
}

export interface ParsedLine {
  /** Values by name in camel case; an option that is not given and has no default is absent. */
  readonly options: Record<string, unknown>;
  /** One value an argument, a list for a variadic one, undefined for one left out. */
  readonly args: readonly unknown[];
}

interface Known extends LineOption {
  readonly long: string;
  readonly key: string;
  readonly negates: boolean;
}

const NEGATIVE_NUMBER = /^-(\d+|\d*\.\d+)(e[+-]?\d+)?$/;

function known(option: LineOption): Known & { readonly forms: readonly string[] } {
  const forms = option.flags.split(/[\s,]+/);
  const long = forms.find((form) => form.startsWith("--"))!;
  const negates = long.startsWith("--no-");
  return { ...option, forms, long, negates, key: camelCase(long.slice(negates ? 5 : 2)) };
}

/** Whether a word is written like an option; a negative number is not, unless `-1` is a flag. */
function looksLikeOption(word: string, byForm: ReadonlyMap<string, Known>): boolean {
  if (word.length < 2 || !word.startsWith("-")) return false;
  return !NEGATIVE_NUMBER.test(word) || [...byForm.keys()].some((form) => /^-\d$/.test(form));
}

/**
 * Reads a command line by the conventions of getopt_long: `--name value`, `--name=value`, `-n value`,
 * `-nvalue`, `-abc` for three switches, options and arguments in any order.
 *
 * It stands here, and not in a library, because of start-up: commander with the modules of Node that it
 * needs takes Deno longer to load than `ls` may take altogether. A property test holds it to commander's
 * behaviour.
 *
 * @throws {ValidationError} when the line is wrong.
 */
export function parseLine(syntax: LineSyntax, argv: readonly string[]): ParsedLine {
  const declared = syntax.options.map(known);
  const byForm = new Map<string, Known>();
  for (const option of declared) for (const form of option.forms) byForm.set(form, option);

  const options: Record<string, unknown> = {};
  const given = new Map<string, Known>();
  for (const { key, negates, default: fallback } of declared) {
    // `--no-x` alone means that x holds unless it stands there.
    if (negates && !declared.some((o) => o.key === key && !o.negates)) options[key] ??= true;
    if (fallback !== undefined) options[key] = fallback;
  }
  const take = (option: Known, value: string | null) => {
    options[option.key] = value === null
      ? !option.negates
      : option.parse(value, options[option.key]);
    given.set(option.key, option);
  };

  const words = [...argv];
  const operands: string[] = [];
  let unknown: string | null = null;
  while (words.length > 0) {
    const word = words.shift()!;
    const option = byForm.get(word);
    if (option !== undefined) {
      if (option.takes === "value") {
        if (words.length === 0) throw needsValue(option);
        take(option, words.shift()!);
      } else if (
        option.takes === "maybe a value" && words.length > 0 && !looksLikeOption(words[0], byForm)
      ) take(option, words.shift()!);
      else take(option, null);
      continue;
    }
    const short = word.length > 2 && word[0] === "-" && word[1] !== "-"
      ? byForm.get(word.slice(0, 2))
      : undefined;
    if (short !== undefined) {
      if (short.takes !== "nothing") take(short, word.slice(2));
      else {
        take(short, null);
        words.unshift(`-${word.slice(2)}`);
      }
      continue;
    }
    const equals = /^--[^=]+=/.test(word) ? word.indexOf("=") : -1;
    const assigned = equals < 0 ? undefined : byForm.get(word.slice(0, equals));
    if (assigned !== undefined && assigned.takes !== "nothing") {
      take(assigned, word.slice(equals + 1));
      continue;
    }
    if (looksLikeOption(word, byForm)) unknown ??= word;
    else operands.push(word);
    if (syntax.stopEarly) {
      operands.push(...words);
      break;
    }
  }
  checkConflicts(given);
  if (unknown !== null) throw unknownOption(unknown, syntax.shown);
  return { options, args: readArguments(syntax, operands) };
}

function readArguments(syntax: LineSyntax, operands: readonly string[]): unknown[] {
  const declared = syntax.arguments;
  const missing = declared.find((arg, i) => !arg.optional && operands[i] === undefined);
  if (missing !== undefined) throw new ValidationError(`Missing argument "${missing.name}"`);
  if (operands.length > declared.length && declared.at(-1)?.variadic !== true) {
    throw new ValidationError(
      `Too many arguments for "${syntax.name}"; it takes ${declared.length}`,
    );
  }
  return declared.map((arg, i) => {
    const own = arg.variadic ? operands.slice(i) : operands.slice(i, i + 1);
    if (own.length === 0) return arg.variadic ? [] : undefined;
    return own.reduce<unknown>((previous, value) => arg.parse(value, previous), undefined);
  });
}

function checkConflicts(given: ReadonlyMap<string, Known>): void {
  for (const option of given.values()) {
    const other = option.conflicts.map((key) => given.get(key)).find((o) => o !== undefined);
    if (other !== undefined) {
      throw new ValidationError(
        `Option "${option.long}" cannot be used with option "${other.long}"`,
      );
    }
  }
}

function needsValue(option: Known): ValidationError {
  return new ValidationError(`Option "${option.long}" needs a value`);
}

function unknownOption(word: string, shown: readonly string[]): ValidationError {
  const flag = word.split("=")[0];
  const near = closest(flag, shown);
  return new ValidationError(
    `Unknown option "${flag}"${near === undefined ? "" : `; did you mean option "${near}"?`}`,
  );
}
