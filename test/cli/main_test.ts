import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT_CODES } from "../../src/model/exit_codes.ts";
import { COMMANDS } from "../../src/registry/commands.ts";
import { SECTIONS } from "../../src/cli/overview.ts";
import { spillway } from "../spillway.ts";

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "spillway-cli-"));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("without a command the list of commands is printed and the exit code is 2", () => {
  const { code, stdout, stderr } = spillway([]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /Usage: spillway <command>/);
});

test("--help lists every top-level command within 80 columns", () => {
  const { code, stdout } = spillway(["--help"]);
  assert.equal(code, 0);
  for (const { name } of COMMANDS) assert.ok(stdout.includes(name.split(" ")[0]), name);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

test("every command and group stands under a task in --help, once", () => {
  const tops = [...new Set(COMMANDS.map((c) => c.name.split(" ")[0]))];
  const listed = SECTIONS.flatMap(([, names]) => names);
  assert.deepEqual(tops.filter((name) => !listed.includes(name)), []);
  assert.deepEqual(listed.filter((name) => !tops.includes(name)), []);
  assert.equal(new Set(listed).size, listed.length);
  assert.doesNotMatch(spillway(["--help"]).stdout, /^Other:/m);
});

test("an unknown command exits 2 and proposes the nearest", () => {
  const { code, stdout, stderr } = spillway(["shcema"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /Unknown command "shcema"; did you mean "schema"\?/);
});

for (const entry of COMMANDS) {
  test(`${entry.name} --help has a description, a usage line and an example, within 80 columns`, async () => {
    const { prepareCommand } = await import("../../src/cli/prepare.ts");
    const module = await entry.load();
    assert.equal(module.name, entry.name);
    const help = prepareCommand(module).getHelp(80);
    assert.match(help, new RegExp(`Usage: spillway ${entry.name}`));
    assert.match(help, /Examples:/);
    for (const line of help.split("\n")) assert.ok(line.length <= 80, line);
  });
}

for (const entry of COMMANDS) {
  test(`${entry.name} has a JSON Schema when it says it prints JSON`, async () => {
    const module = await entry.load();
    if (module.output === undefined) return;
    const { z } = await import("zod");
    const schema = z.toJSONSchema(await module.output(), { io: "output", unrepresentable: "any" });
    assert.ok(Object.keys(schema).length > 1, entry.name);
  });
}

test("settings: a flag beats the environment, which beats spillway.json, which beats the default", () => {
  inFolder((cwd) => {
    const show = (args: string[], env: Record<string, string> = {}) => {
      const done = spillway(["config", "show", "--json", ...args], { cwd, env });
      const { settings } = JSON.parse(done.stdout);
      return settings.find((s: { name: string }) => s.name === "store");
    };
    assert.deepEqual(show([]), { name: "store", value: "spillway.duckdb", origin: "default" });
    writeFileSync(join(cwd, "spillway.json"), JSON.stringify({ store: "file.duckdb" }));
    assert.equal(show([]).origin, "spillway.json");
    const env = { SPILLWAY_STORE: "env.duckdb" };
    assert.equal(show([], env).value, "env.duckdb");
    assert.deepEqual(show(["--store", "flag.duckdb"], env), {
      name: "store",
      value: "flag.duckdb",
      origin: "flag --store",
    });
  });
});

test("a configuration file with an unknown key is refused with exit code 4", () => {
  inFolder((cwd) => {
    writeFileSync(join(cwd, "spillway.json"), JSON.stringify({ stroe: "x" }));
    const { code, stderr } = spillway(["config", "show"], { cwd });
    assert.equal(code, 4);
    assert.match(stderr, /spillway\.json/);
    assert.match(stderr, /stroe/);
  });
});

test("colour is off on a pipe, on with --color always, and NO_COLOR is obeyed", () => {
  const escape = String.fromCharCode(27);
  const off = { NO_COLOR: "" };
  assert.ok(!spillway(["config", "show"], { env: off }).stdout.includes(escape));
  assert.ok(spillway(["config", "show", "--color", "always"]).stdout.includes(escape));
  assert.ok(
    spillway(["config", "show"], { env: { ...off, FORCE_COLOR: "1" } }).stdout.includes(escape),
  );
  assert.ok(
    !spillway(["config", "show"], { env: { NO_COLOR: "1", FORCE_COLOR: "1" } }).stdout.includes(
      escape,
    ),
  );
});

test("exit codes are unique and the documented ones are there", () => {
  const codes = EXIT_CODES.map((c) => c.code);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of [0, 1, 2, 3, 4, 5, 70, 125, 126, 127, 130]) assert.ok(codes.includes(code));
});
