import { ruleIdentity, type Verdict } from "../verdict.ts";

/** 64-bit FNV-1a of a text, hex: a stable fingerprint of a finding. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}

/** The verdict as a GitLab code-quality report: one issue a rule that did not pass. */
export function toGitlab(verdict: Verdict): string {
  const issues = verdict.rules.filter((r) => r.status !== "pass").map((r) => ({
    description: `${r.name}: ${r.reason}`,
    check_name: `spillway-${r.kind}`,
    fingerprint: fingerprint(`${verdict.subject} ${ruleIdentity(r)}`),
    severity: r.level === "warn" || r.status === "inconclusive" ? "minor" : "major",
    location: { path: "spillway.json", lines: { begin: 1 } },
  }));
  return JSON.stringify(issues, null, 2) + "\n";
}
