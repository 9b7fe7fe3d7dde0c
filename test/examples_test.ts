import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

/** `expression; // value`, the form that examples in docstrings have. */
interface Example {
  readonly path: string;
  readonly expression: string;
  readonly value: string;
}

function examplesOf(path: string): Example[] {
  const text = readFileSync(path, "utf8");
  const blocks = [...text.matchAll(/@example\n \* ```ts\n([\s\S]*?) \* ```/g)].map((m) => m[1]);
  return blocks.flatMap((block) =>
    block.split("\n").map((line) => line.replace(/^ \* ?/, "")).filter((line) => line !== "")
      .map((line) => {
        const parts = /^(.*); \/\/ (.*)$/.exec(line);
        assert.ok(parts !== null, `${path}: an example is "expression; // value", not "${line}"`);
        return { path, expression: parts[1], value: parts[2] };
      })
  );
}

const EXAMPLES = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) => examplesOf(join(SRC, path)));

for (const { path, expression, value } of EXAMPLES) {
  test(`${relative(SRC, path)}: ${expression} is ${value}`, async () => {
    const exported = await import(pathToFileURL(path).href) as Record<string, unknown>;
    const evaluate = (code: string): unknown =>
      new Function(...Object.keys(exported), `return (${code});`)(...Object.values(exported));
    assert.deepEqual(evaluate(expression), evaluate(value));
  });
}

test("docstrings have examples", () => assert.ok(EXAMPLES.length >= 9));
