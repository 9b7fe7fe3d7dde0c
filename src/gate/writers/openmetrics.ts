import { oneLine } from "../../model/plain_text.ts";
import type { RuleResult, Verdict } from "../verdict.ts";

function label(text: string): string {
  return oneLine(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

/** Labels that no other rule has: several budgets may bound one metric. */
const labels = (r: RuleResult) =>
  `name="${label(r.name)}",kind="${r.kind}"` +
  (r.op === undefined ? "" : `,bound="${r.op} ${r.reference}"`);

/** Lines of one metric family; rules without the value are left out. */
function family(
  name: string,
  help: string,
  verdict: Verdict,
  value: (r: RuleResult) => number | null,
): string[] {
  const known = verdict.rules.filter((r) => value(r) !== null);
  return [
    `# TYPE spillway_gate_rule_${name} gauge`,
    `# HELP spillway_gate_rule_${name} ${help}`,
    ...known.map((r) => `spillway_gate_rule_${name}{${labels(r)}} ${value(r)}`),
  ];
}

/** The verdict as OpenMetrics text: 1 for the status a rule has. */
export function toOpenMetrics(verdict: Verdict): string {
  const lines = [
    "# TYPE spillway_gate_rule gauge",
    "# HELP spillway_gate_rule 1 for the status that the rule has",
    ...verdict.rules.map((r) =>
      `spillway_gate_rule{${labels(r)},level="${r.level}",status="${r.status}"} 1`
    ),
    ...family("current", "value judged", verdict, (r) => r.current),
    ...family("change_ratio", "relative change from the reference", verdict, (r) => r.delta),
    "# TYPE spillway_gate_exit_code gauge",
    "# HELP spillway_gate_exit_code exit code of the gate",
    `spillway_gate_exit_code ${verdict.exitCode}`,
    "# EOF",
  ];
  return lines.join("\n") + "\n";
}
