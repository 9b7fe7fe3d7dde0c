import assert from "node:assert/strict";
import { test } from "node:test";
import { Command, EnumType, ValidationError } from "../../src/cli/cliffy.ts";

/** Parses and returns what the action was given. */
async function parse(build: (c: Command) => Command, argv: string[]) {
  const seen: { options: Record<string, unknown>; args: unknown[]; literal: readonly string[] }[] =
    [];
  const command = build(new Command().name("t")).action(function (options, ...args) {
    seen.push({ options, args, literal: this.getLiteralArgs() });
  });
  await command.parse(argv);
  return seen[0];
}

test("typed options and arguments are parsed as Cliffy parses them", async () => {
  const { options, args } = await parse(
    (c) =>
      c.arguments("<file:string> [count:integer]")
        .option("-n, --number <n:number>", "A number.")
        .option("--list <names:string[]>", "A list.")
        .option("--flag", "A flag.")
        .option("--no-check", "A negated flag.")
        .option("--with-default <v:string>", "A default.", { default: "d" }),
    ["in.txt", "7", "-n", "1.5", "--list", "a,b", "--flag"],
  );
  assert.deepEqual(args, ["in.txt", 7]);
  assert.deepEqual(options, {
    number: 1.5,
    list: ["a", "b"],
    flag: true,
    check: true,
    withDefault: "d",
  });
});

test("--option=value and a later -- work; what stands after -- is literal", async () => {
  const { options, literal } = await parse((c) => c.option("--n <n:integer>", ""), [
    "--n=3",
    "--",
    "cmd",
    "--n",
    "x",
  ]);
  assert.equal(options.n, 3);
  assert.deepEqual(literal, ["cmd", "--n", "x"]);
});

test("a collected option gathers its values in order", async () => {
  const { options } = await parse((c) => c.option("--set <kv:string>", "", { collect: true }), [
    "--set",
    "a=1",
    "--set",
    "b=2",
  ]);
  assert.deepEqual(options.set, ["a=1", "b=2"]);
});

test("a value label may hold an equals sign; flags that cannot be read are a mistake of ours", async () => {
  const { options } = await parse(
    (c) =>
      c.type("pair", ({ value }) => value.split("=")).option("--set <k=v:pair>", "", {
        collect: true,
      }),
    [
      "--set",
      "a=1",
    ],
  );
  assert.deepEqual(options.set, [["a", "1"]]);
  assert.throws(() => new Command().option("--x <a b:string>", ""), TypeError);
});

test("an enum type refuses other values and proposes the nearest", async () => {
  const build = (c: Command) =>
    c.type("when", new EnumType(["auto", "always", "never"])).option("--color <w:when>", "");
  assert.equal((await parse(build, ["--color", "never"])).options.color, "never");
  await assert.rejects(parse(build, ["--color", "alwasy"]), (error: Error) => {
    assert.ok(error instanceof ValidationError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /must be one of auto, always, never, but got "alwasy".*"always"/);
    return true;
  });
});

const REFUSED: readonly [string, string[], RegExp][] = [
  [
    "an unknown option",
    ["f", "--nubmer", "1"],
    /Unknown option "--nubmer"; did you mean option "--number"/,
  ],
  ["a bad number", ["f", "--number", "abc"], /Option "--number" must be a number, but got "abc"/],
  ["a bad integer", ["f", "--whole", "1.5"], /must be a whole number, but got "1.5"/],
  ["a missing value", ["f", "--number"], /Option "--number" needs a value/],
  ["a missing argument", [], /Missing argument "file"/],
  ["too many arguments", ["f", "g"], /Too many arguments/],
];

for (const [what, argv, pattern] of REFUSED) {
  test(`${what} is a ValidationError with exit code 2`, async () => {
    await assert.rejects(
      parse(
        (c) =>
          c.arguments("<file:string>").option("--number <n:number>", "").option(
            "--whole <n:integer>",
            "",
          ),
        argv,
      ),
      (error: Error) => {
        assert.ok(error instanceof ValidationError, String(error));
        assert.match(error.message, pattern);
        return true;
      },
    );
  });
}

test("a required option that is missing is refused", async () => {
  await assert.rejects(
    parse((c) => c.option("--out <f:file>", "", { required: true }), []),
    /Missing required option "--out"/,
  );
});

test("a subcommand gets the rest of the words", async () => {
  let got: unknown = null;
  const child = new Command().arguments("<x:string>").action((_o, x) => {
    got = x;
  });
  await new Command().name("root").command("child", child).parse(["child", "hello"]);
  assert.equal(got, "hello");
});

test("variadic arguments arrive one by one", async () => {
  const { args } = await parse((c) => c.arguments("<ids...:string>"), ["a", "b", "c"]);
  assert.deepEqual(args, ["a", "b", "c"]);
});

test("help names the usage, every option with its default, and the examples", () => {
  const help = new Command().name("x").description("Does x.").arguments("<file:string>")
    .option("--n <n:integer>", "How many.", { default: 3 })
    .example("Three of them", "spillway x f --n 3").getHelp(80);
  assert.match(help, /Usage: spillway x \[options\] <file>/);
  assert.match(help, /--n <n>\s+How many\. \(default: 3\)/);
  assert.match(help, /# Three of them\n {2}spillway x f --n 3/);
});
