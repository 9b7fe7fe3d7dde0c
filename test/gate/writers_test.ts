import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleResult, Verdict } from "../../src/gate/verdict.ts";
import { toGithub } from "../../src/gate/writers/github.ts";
import { toGitlab } from "../../src/gate/writers/gitlab.ts";
import { toJunit } from "../../src/gate/writers/junit.ts";
import { toMarkdown } from "../../src/gate/writers/markdown.ts";
import { toOpenMetrics } from "../../src/gate/writers/openmetrics.ts";

function rule(
  name: string,
  status: RuleResult["status"],
  level: RuleResult["level"] = "error",
): RuleResult {
  return {
    name,
    kind: "budget",
    level,
    status,
    unit: "seconds",
    reference: 1,
    current: 2,
    delta: 1,
    p: null,
    runs: [0, 1],
    evidence: "replayed",
    reason: `because of <${name}> | 100 %\nnext line`,
  };
}

const HOSTILE = '<script>alert("x")</script>|\x1b[31m';

const verdict: Verdict = {
  schema: "spillway/gate/1",
  verdict: "fail",
  exitCode: 1,
  enforced: true,
  strict: false,
  subject: HOSTILE,
  baseline: "main",
  rules: [
    rule("good", "pass"),
    rule(HOSTILE, "fail"),
    rule("soft", "fail", "warn"),
    rule("unsure", "inconclusive"),
    rule("broken", "error"),
  ],
};

test("JUnit counts what CI systems count and escapes every name", () => {
  const xml = toJunit(verdict);
  assert.match(xml, /tests="5" failures="1" errors="1" skipped="2"/);
  assert.equal((xml.match(/<failure /g) ?? []).length, 1);
  assert.equal((xml.match(/<skipped /g) ?? []).length, 2);
  assert.ok(!xml.includes("<script>"));
  assert.ok(!xml.includes("\x1b"));
});

test("Markdown keeps a row a rule, whatever the names hold", () => {
  const rows = toMarkdown(verdict).split("\n").filter((l) =>
    l.startsWith("| ") && !l.startsWith("| ---")
  );
  assert.equal(rows.length, 1 + verdict.rules.length);
  for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 9, row);
  assert.ok(!toMarkdown(verdict).includes("<script>"));
});

test("GitHub annotations stay on one line each", () => {
  const lines = toGithub(verdict).trimEnd().split("\n");
  assert.equal(lines.length, 4);
  assert.ok(lines.every((l) => /^::(error|warning) title=[^:]*::/.test(l)), lines.join("\n"));
});

test("GitLab issues have stable, distinct fingerprints", () => {
  const issues = JSON.parse(toGitlab(verdict));
  assert.equal(issues.length, 4);
  assert.equal(new Set(issues.map((i: { fingerprint: string }) => i.fingerprint)).size, 4);
  assert.deepEqual(JSON.parse(toGitlab(verdict)), issues);
});

test("OpenMetrics ends with its mark and escapes labels", () => {
  const text = toOpenMetrics(verdict);
  assert.ok(text.endsWith("# EOF\n"));
  assert.ok(text.includes('alert(\\"x\\")'));
});
