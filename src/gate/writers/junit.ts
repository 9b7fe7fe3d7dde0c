import type { RuleResult, Verdict } from "../verdict.ts";

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

function testCase(r: RuleResult, subject: string): string {
  const head = `    <testcase classname="${xml(subject)}" name="${xml(`${r.name} (${r.kind})`)}">`;
  const body = r.status === "fail" && r.level === "error"
    ? `      <failure type="PerformanceRegression" message="${xml(r.reason)}"/>`
    : r.status === "error"
    ? `      <error type="GateError" message="${xml(r.reason)}"/>`
    : r.status === "inconclusive" || r.level === "warn"
    ? `      <skipped message="${xml(r.reason)}"/>`
    : `      <system-out>${xml(r.reason)}</system-out>`;
  return `${head}\n${body}\n    </testcase>`;
}

/** The verdict as JUnit XML: one case a rule, skipped when inconclusive. */
export function toJunit(verdict: Verdict): string {
  const count = (test: (r: RuleResult) => boolean) => verdict.rules.filter(test).length;
  const failures = count((r) => r.status === "fail" && r.level === "error");
  const errors = count((r) => r.status === "error");
  const skipped = count((r) =>
    r.status !== "error" &&
    (r.status === "inconclusive" || (r.status !== "fail" && r.level === "warn") ||
      (r.status === "fail" && r.level === "warn"))
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<testsuites>",
    `  <testsuite name="spillway gate" tests="${verdict.rules.length}" failures="${failures}" ` +
    `errors="${errors}" skipped="${skipped}">`,
    ...verdict.rules.map((r) => testCase(r, verdict.subject)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
