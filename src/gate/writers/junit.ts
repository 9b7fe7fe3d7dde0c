import { ruleIdentity, type RuleResult, type Verdict } from "../verdict.ts";

/** Text as XML content; characters that XML 1.0 forbids become a replacement character. */
function xml(text: string): string {
  return text
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
      '"',
      "&quot;",
    );
}

/** What a CI system is to make of a rule: one that only warns never fails a build by its JUnit file. */
function outcome(r: RuleResult): "passed" | "failure" | "error" | "skipped" {
  if (r.status === "pass") return "passed";
  if (r.status === "inconclusive" || r.level !== "error") return "skipped";
  return r.status === "fail" ? "failure" : "error";
}

function testCase(r: RuleResult, subject: string): string {
  const head = `    <testcase classname="${xml(subject)}" name="${xml(ruleIdentity(r))}">`;
  const reason = xml(r.reason);
  const body = {
    passed: `<system-out>${reason}</system-out>`,
    failure: `<failure type="PerformanceRegression" message="${reason}"/>`,
    error: `<error type="GateError" message="${reason}"/>`,
    skipped: `<skipped message="${reason}"/>`,
  }[outcome(r)];
  return `${head}\n      ${body}\n    </testcase>`;
}

/** The verdict as JUnit XML: one case a rule, skipped when inconclusive. */
export function toJunit(verdict: Verdict): string {
  const count = (of: ReturnType<typeof outcome>) =>
    verdict.rules.filter((r) => outcome(r) === of).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="spillway gate" tests="${verdict.rules.length}" failures="${
      count("failure")
    }" ` +
    `errors="${count("error")}" skipped="${count("skipped")}">`,
    ...verdict.rules.map((r) => testCase(r, verdict.subject)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
