import assert from "node:assert/strict";
import { test } from "node:test";
import { Command as Commander, Option } from "commander";
import fc from "fast-check";
import { type LineSyntax, parseLine } from "../../src/cli/cliffy/parse_line.ts";
import { ValidationError } from "../../src/cli/cliffy/types.ts";

const gather = (value: string, previous: unknown) => [...((previous as unknown[]) ?? []), value];
const upper = (value: string) => value.toUpperCase();

/** Every shape of option and argument that commands here declare. */
const OPTIONS: LineSyntax["options"] = [
  { flags: "-i, --interval", takes: "value", parse: upper, default: undefined, conflicts: [] },
  { flags: "--set", takes: "value", parse: gather, default: undefined, conflicts: [] },
  { flags: "--level", takes: "value", parse: (v) => v, default: "low", conflicts: ["force"] },
  {
    flags: "-l, --live",
    takes: "maybe a value",
    parse: (v) => v,
    default: undefined,
    conflicts: [],
  },
  { flags: "-f, --force", takes: "nothing", parse: (v) => v, default: undefined, conflicts: [] },
  {
    flags: "-q, --quiet-now",
    takes: "nothing",
    parse: (v) => v,
    default: undefined,
    conflicts: [],
  },
  { flags: "--no-pager", takes: "nothing", parse: (v) => v, default: undefined, conflicts: [] },
];

const ARGUMENTS: readonly LineSyntax["arguments"][] = [
  [],
  [{ name: "file", optional: false, variadic: false, parse: upper }],
  [
    { name: "file", optional: false, variadic: false, parse: upper },
    { name: "out", optional: true, variadic: false, parse: (v) => v },
  ],
  [{ name: "rest", optional: true, variadic: true, parse: gather }],
  [{ name: "rest", optional: false, variadic: true, parse: gather }],
];

/** The same syntax read by commander: values, or the code of its error. */
function oracle(syntax: LineSyntax, argv: readonly string[]) {
  const commander = new Commander().helpOption(false).exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} });
  if (syntax.stopEarly) commander.passThroughOptions(true).enablePositionalOptions(true);
  for (const { name, optional, variadic, parse } of syntax.arguments) {
    const shown = variadic ? `${name}...` : name;
    commander.argument(optional ? `[${shown}]` : `<${shown}>`, "", parse);
  }
  const value = { "nothing": "", "value": " <v>", "maybe a value": " [v]" };
  for (const { flags, takes, parse, default: fallback, conflicts } of syntax.options) {
    const option = new Option(`${flags}${value[takes]}`);
    if (takes !== "nothing") option.argParser(parse);
    if (fallback !== undefined) option.default(fallback);
    commander.addOption(option.conflicts([...conflicts]));
  }
  let args: unknown[] = [];
  commander.action((...given) => {
    args = given.slice(0, syntax.arguments.length);
  });
  try {
    commander.parse([...argv], { from: "user" });
  } catch (error) {
    return { error: (error as { code: string }).code };
  }
  return { options: commander.opts(), args };
}

const ERRORS: readonly (readonly [RegExp, string])[] = [
  [/^Unknown option/, "commander.unknownOption"],
  [/needs a value$/, "commander.optionMissingArgument"],
  [/^Missing argument/, "commander.missingArgument"],
  [/^Too many arguments/, "commander.excessArguments"],
  [/cannot be used with/, "commander.conflictingOption"],
];

function ours(syntax: LineSyntax, argv: readonly string[]) {
  try {
    const { options, args } = parseLine(syntax, argv);
    return { options, args };
  } catch (error) {
    assert.ok(error instanceof ValidationError, String(error));
    const code = ERRORS.find(([pattern]) => pattern.test(error.message))?.[1];
    return { error: code ?? error.message };
  }
}

test("lines are read as commander reads them", () => {
  const words = [
    ...["-i", "--interval", "--interval=5", "-i5", "-i=5", "--set", "--set=", "--set=a=b", "-l"],
    ...["-lx", "--live", "--live=2", "-f", "-q", "-fq", "-qfi", "-qfix", "-fx", "--force"],
    ...["--force=1", "--no-pager", "--pager", "--quiet-now", "--level", "--level=high", "-"],
    ...["-1", "-1.5", "-.5", "-1e3", "--nope", "--nope=1", "-z", "a", "b", "", "file name", "=x"],
  ];
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...words), { maxLength: 6 }),
      fc.constantFrom(...ARGUMENTS),
      fc.boolean(),
      (argv, args, stopEarly) => {
        const syntax = { name: "t", options: OPTIONS, arguments: args, shown: [], stopEarly };
        const expected = oracle(syntax, argv);
        const key = expected.error ?? "read";
        seen.set(key, (seen.get(key) ?? 0) + 1);
        assert.deepEqual(ours(syntax, argv), expected);
      },
    ),
    { numRuns: 20_000, seed: 1 },
  );
  for (const key of ["read", ...ERRORS.map(([, code]) => code)]) {
    assert.ok((seen.get(key) ?? 0) > 50, `${key} came up ${seen.get(key)} times`);
  }
});

test("messages name the long form of an option and the nearest of the shown ones", () => {
  const syntax = {
    name: "record",
    options: OPTIONS,
    arguments: ARGUMENTS[0],
    shown: ["--interval", "--force"],
    stopEarly: false,
  };
  const message = (...argv: string[]) => {
    try {
      parseLine(syntax, argv);
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(message("-i"), 'Option "--interval" needs a value');
  assert.equal(
    message("--intervall=3"),
    'Unknown option "--intervall"; did you mean option "--interval"?',
  );
  assert.equal(
    message("--level", "x", "-f"),
    'Option "--level" cannot be used with option "--force"',
  );
  assert.equal(message("x"), 'Too many arguments for "record"; it takes 0');
});
