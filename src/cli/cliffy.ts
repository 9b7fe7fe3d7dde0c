/**
 * The part of Cliffy's `Command` that Spillway uses.
 *
 * Cliffy is published on JSR alone, which a machine that reaches only npm cannot install. Commands are
 * written in Cliffy's call shape and import `@cliffy/command`; the import map serves that name from
 * this file. `test/cli/cliffy_test.ts` is the conformance test: moving to the real package is one line of
 * the import map.
 */
import { SpillwayError } from "../model/errors.ts";
import type { ArgumentInfo, CommandHelp, ExampleInfo, OptionInfo } from "./cliffy/command_help.ts";
import { camelCase, longName, parseFlags } from "./cliffy/flags.ts";
import { type LineArgument, type LineOption, parseLine } from "./cliffy/parse_line.ts";
import {
  type ArgumentValue,
  BUILTIN_TYPES,
  EnumType,
  type TypeHandler,
  ValidationError,
} from "./cliffy/types.ts";
import { renderHelp } from "./help.ts";

export { type ArgumentValue, EnumType, type TypeHandler, ValidationError } from "./cliffy/types.ts";

export interface OptionSettings {
  default?: unknown;
  required?: boolean;
  /** The option may stand several times; its value is then an array. */
  collect?: boolean;
  hidden?: boolean;
  conflicts?: string[];
  // deno-lint-ignore no-explicit-any
  value?: (value: any, previous?: any) => unknown;
}

// Cliffy infers option types from the flags; this shim leaves them to the action's own annotation.
// deno-lint-ignore no-explicit-any
export type ActionHandler = (this: Command, options: any, ...args: any[]) => unknown;

/** A command in Cliffy's call shape. */
export class Command {
  readonly #lineOptions: LineOption[] = [];
  readonly #lineArguments: LineArgument[] = [];
  readonly #types = new Map<string, TypeHandler | EnumType<string>>();
  readonly #options: OptionInfo[] = [];
  readonly #arguments: ArgumentInfo[] = [];
  readonly #examples: ExampleInfo[] = [];
  readonly #subcommands = new Map<string, Command>();
  #name = "";
  #description = "";
  #usage: string | null = null;
  #version: string | null = null;
  #action: ActionHandler | null = null;
  #literal: string[] = [];
  #stopEarly = false;

  name(name: string): this {
    this.#name = name;
    return this;
  }
  description(text: string): this {
    this.#description = text;
    return this;
  }
  usage(text: string): this {
    this.#usage = text;
    return this;
  }
  version(text: string): this {
    this.#version = text;
    return this;
  }
  example(name: string, description: string): this {
    this.#examples.push({ name, description });
    return this;
  }
  type(name: string, handler: TypeHandler | EnumType<string>): this {
    this.#types.set(name, handler);
    return this;
  }
  globalType(name: string, handler: TypeHandler | EnumType<string>): this {
    return this.type(name, handler);
  }
  /** Everything from the first argument on is left as it is. */
  stopEarly(): this {
    this.#stopEarly = true;
    return this;
  }

  /** Declares arguments: `<file:string> [out:string] [rest...:string]`. */
  arguments(signature: string): this {
    for (const part of signature.match(/[<[][^>\]]+[>\]]/g) ?? []) {
      const optional = part.startsWith("[");
      const [rawName, type = "string"] = part.slice(1, -1).split(":");
      const variadic = rawName.endsWith("...");
      const name = variadic ? rawName.slice(0, -3) : rawName;
      this.#arguments.push({ name, optional, variadic, typeName: type });
      this.#lineArguments.push({
        name,
        optional,
        variadic,
        parse: (value, previous) => {
          const parsed = this.#parse(type, { label: "Argument", type, name, value });
          return variadic ? [...((previous as unknown[]) ?? []), parsed] : parsed;
        },
      });
    }
    return this;
  }

  option(flags: string, description: string, settings: OptionSettings = {}): this {
    return this.#addOption(flags, description, settings, false);
  }
  globalOption(flags: string, description: string, settings: OptionSettings = {}): this {
    return this.#addOption(flags, description, settings, true);
  }

  action(handler: ActionHandler): this {
    this.#action = handler;
    return this;
  }

  command(name: string, child: Command): this {
    this.#subcommands.set(name, child.name(name));
    return this;
  }

  getName(): string {
    return this.#name;
  }
  getDescription(): string {
    return this.#description;
  }
  getUsage(): string | null {
    return this.#usage;
  }
  getVersion(): string | null {
    return this.#version;
  }
  getOptions(): readonly OptionInfo[] {
    return this.#options;
  }
  getArguments(): readonly ArgumentInfo[] {
    return this.#arguments;
  }
  getExamples(): readonly ExampleInfo[] {
    return this.#examples;
  }
  getCommands(): readonly Command[] {
    return [...this.#subcommands.values()];
  }
  /** Arguments after `--`. */
  getLiteralArgs(): readonly string[] {
    return this.#literal;
  }
  getHelp(width = 80): string {
    return renderHelp(this.describe(), width);
  }
  /** What help, completions and the manual page need, as data. */
  describe(): CommandHelp {
    return {
      name: this.#name,
      description: this.#description,
      usage: this.#usage,
      options: this.#options,
      arguments: this.#arguments,
      examples: this.#examples,
    };
  }

  /** Parses the arguments and runs the action. @throws {ValidationError} when they are wrong. */
  async parse(argv: readonly string[]): Promise<void> {
    const child = this.#subcommands.get(argv[0] ?? "");
    if (child !== undefined) return await child.parse(argv.slice(1));
    const dashes = argv.indexOf("--");
    const own = dashes < 0 ? [...argv] : argv.slice(0, dashes);
    this.#literal = dashes < 0 ? [] : argv.slice(dashes + 1);
    const { options, args } = parseLine({
      name: this.#name,
      options: this.#lineOptions,
      arguments: this.#lineArguments,
      shown: this.#options.filter((o) => !o.hidden).map((o) => `--${o.name}`),
      stopEarly: this.#stopEarly,
    }, own);
    const missing = this.#options.find((o) =>
      o.required && options[camelCase(o.name)] === undefined
    );
    if (missing !== undefined) {
      throw new ValidationError(`Missing required option "--${missing.name}"`);
    }
    const flat = args.flatMap((arg, i) =>
      this.#arguments[i].variadic ? ((arg as unknown[] | undefined) ?? []) : [arg]
    );
    await this.#action?.call(this, options, ...flat);
  }

  #addOption(flags: string, description: string, settings: OptionSettings, global: boolean): this {
    const spec = parseFlags(flags);
    const long = longName(spec.head);
    const name = long.replace(/^--(no-)?/, "");
    const open = spec.optional ? "[" : "<";
    const close = spec.optional ? "]" : ">";
    let parse: LineOption["parse"] = (value) => value;
    if (spec.typeName !== null) {
      const type = spec.typeName;
      parse = (value, previous) => {
        const parseOne = (text: string) =>
          this.#parse(type, { label: "Option", type, name: long, value: text });
        const parsed = spec.list
          ? value.split(",").map((item) => parseOne(item.trim()))
          : parseOne(value);
        const before = settings.collect && !isDefault(previous, settings)
          ? (previous as unknown[])
          : undefined;
        const mapped = settings.value === undefined ? parsed : settings.value(parsed, before);
        return settings.collect && settings.value === undefined
          ? [...(before ?? []), parsed]
          : mapped;
      };
    }
    this.#lineOptions.push({
      flags: spec.head,
      takes: spec.typeName === null ? "nothing" : spec.optional ? "maybe a value" : "value",
      parse,
      default: settings.default,
      conflicts: settings.conflicts ?? [],
    });
    const handler = spec.typeName === null ? undefined : this.#types.get(spec.typeName);
    this.#options.push({
      flags: spec.typeName === null
        ? spec.head
        : `${spec.head} ${open}${spec.valueName}${spec.list ? ",..." : ""}${close}`,
      name,
      description,
      typeName: spec.typeName,
      values: handler instanceof EnumType ? handler.values() : [],
      default: settings.default,
      required: settings.required ?? false,
      hidden: settings.hidden ?? false,
      global,
    });
    return this;
  }

  #parse(type: string, value: ArgumentValue): unknown {
    const handler = this.#types.get(type) ?? BUILTIN_TYPES[type];
    if (handler === undefined) throw new TypeError(`unknown type "${type}"`);
    try {
      return handler instanceof EnumType ? handler.parse(value) : handler(value);
    } catch (error) {
      // A handler's own sentence and advice are better than any made of them here.
      if (error instanceof ValidationError || error instanceof SpillwayError) throw error;
      throw new ValidationError(error instanceof Error ? error.message : String(error));
    }
  }
}

function isDefault(previous: unknown, settings: OptionSettings): boolean {
  return previous === undefined || previous === settings.default;
}
