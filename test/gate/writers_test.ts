import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleResult, Verdict } from "../../src/gate/verdict.ts";
import { toGithub } from "../../src/gate/writers/github.ts";
import { toGitlab } from "../../src/gate/writers/gitlab.ts";
import { toJunit } from "../../src/gate/writers/junit.ts";
import { toMarkdown } from "../../src/gate/writers/markdown.ts";
import { toOpenMetrics } from "../../src/gate/writers/openmetrics.ts";
import { parseOpenMetrics } from "../open_metrics.ts";
import { parseXml } from "../xml.ts";

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
    interval: null,
    p: null,
    minDetectable: null,
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

test("JUnit is well formed, counts what CI systems count, and keeps every name as data", () => {
  const root = parseXml(toJunit(verdict));
  assert.equal(root.name, "testsuites");
  const [suite] = root.children;
  assert.deepEqual(
    ["tests", "failures", "errors", "skipped"].map((key) => suite.attributes[key]),
    ["5", "1", "1", "2"],
  );
  assert.deepEqual(suite.children.map((c) => [c.name, c.children[0].name]), [
    ["testcase", "system-out"],
    ["testcase", "failure"],
    ["testcase", "skipped"],
    ["testcase", "skipped"],
    ["testcase", "error"],
  ]);
  const failed = suite.children[1];
  assert.equal(failed.attributes.name, `${HOSTILE.replace("\x1b", "\ufffd")} (budget)`);
  assert.equal(failed.children[0].attributes.type, "PerformanceRegression");
});

test("Markdown keeps a row a rule, whatever the names hold", () => {
  const rows = toMarkdown(verdict).split("\n").filter((l) =>
    l.startsWith("| ") && !l.startsWith("| ---")
  );
  assert.equal(rows.length, 1 + verdict.rules.length);
  for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 9, row);
  assert.ok(!toMarkdown(verdict).includes("<script>"));
  assert.ok(!toMarkdown(verdict).includes("\x1b"));
  const plain = toMarkdown({ ...verdict, rules: [rule("paged/waste_ratio", "fail")] });
  assert.ok(plain.includes("paged/waste_ratio"), "metric ids stay as they are");
});

test("GitHub annotations stay on one line each", () => {
  const lines = toGithub(verdict).trimEnd().split("\n");
  assert.equal(lines.length, 4);
  assert.ok(lines.every((l) => /^::(error|warning) title=[^:,]*::/.test(l)), lines.join("\n"));
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(lines.join(""), /[\u0000-\u001f]/);
});

test("GitLab issues have stable, distinct fingerprints", () => {
  const issues = JSON.parse(toGitlab(verdict));
  assert.equal(issues.length, 4);
  assert.equal(new Set(issues.map((i: { fingerprint: string }) => i.fingerprint)).size, 4);
  assert.deepEqual(JSON.parse(toGitlab(verdict)), issues);
  // What GitLab requires of a code-quality report.
  for (const issue of issues) {
    assert.deepEqual(Object.keys(issue).sort(), [
      "check_name",
      "description",
      "fingerprint",
      "location",
      "severity",
    ]);
    assert.ok(["info", "minor", "major", "critical", "blocker"].includes(issue.severity));
    assert.doesNotMatch(issue.location.path, /^[./]/);
    assert.equal(typeof issue.location.lines.begin, "number");
  }
});

test("OpenMetrics obeys its grammar and gives every rule its status", () => {
  const samples = parseOpenMetrics(toOpenMetrics(verdict));
  const rules = samples.filter((s) => s.name === "spillway_gate_rule");
  assert.deepEqual(rules.map((s) => s.labels.status), [
    "pass",
    "fail",
    "fail",
    "inconclusive",
    "error",
  ]);
  assert.equal(rules[1].labels.name, HOSTILE.replace("\x1b", " "));
  assert.equal(samples.at(-1)!.value, 1);
  const current = samples.filter((s) => s.name === "spillway_gate_rule_current");
  assert.deepEqual(current.map((s) => s.value), [2, 2, 2, 2, 2]);
});

test("a rule that only warns fails no build by its JUnit file, and a passed one is no skipped one", () => {
  const rules = [rule("a", "pass", "warn"), rule("b", "error", "warn"), rule("c", "fail", "warn")];
  const [suite] = parseXml(toJunit({ ...verdict, rules })).children;
  assert.deepEqual(suite.children.map((c) => c.children[0].name), [
    "system-out",
    "skipped",
    "skipped",
  ]);
  assert.deepEqual([suite.attributes.errors, suite.attributes.skipped], ["0", "2"]);
});

test("several budgets of one metric stay apart in every format that needs names of its own", () => {
  const bounded = (op: "<" | ">") => ({ ...rule("x", "fail"), op });
  const both = { ...verdict, rules: [bounded("<"), bounded(">")] };
  const series = parseOpenMetrics(toOpenMetrics(both)).map((s) =>
    `${s.name} ${JSON.stringify(s.labels)}`
  );
  assert.equal(new Set(series).size, series.length);
  const issues: { fingerprint: string }[] = JSON.parse(toGitlab(both));
  assert.equal(new Set(issues.map((i) => i.fingerprint)).size, 2);
  const [suite] = parseXml(toJunit(both)).children;
  assert.deepEqual(suite.children.map((c) => c.attributes.name), [
    "x (budget < 1)",
    "x (budget > 1)",
  ]);
});
