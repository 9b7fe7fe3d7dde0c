import type { Verdict } from "../verdict.ts";

function label(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** The verdict as OpenMetrics text: 1 for the status a rule has. */
export function toOpenMetrics(verdict: Verdict): string {
  const lines = [
    "# TYPE spillway_gate_rule gauge",
    "# HELP spillway_gate_rule 1 for the status that the rule has",
    ...verdict.rules.map((r) =>
      `spillway_gate_rule{name="${label(r.name)}",kind="${r.kind}",status="${r.status}"} 1`
    ),
    "# TYPE spillway_gate_exit_code gauge",
    "# HELP spillway_gate_exit_code exit code of the gate",
    `spillway_gate_exit_code ${verdict.exitCode}`,
    "# EOF",
  ];
  return lines.join("\n") + "\n";
}
