import { oneLine } from "../../model/plain_text.ts";
import type { Verdict } from "../verdict.ts";

/** Data of a workflow command on one line: percent and (in properties) colons and commas are escaped. */
function escape(text: string, property: boolean): string {
  const data = oneLine(text).replaceAll("%", "%25");
  return property ? data.replaceAll(":", "%3A").replaceAll(",", "%2C") : data;
}

/** The verdict as GitHub workflow commands: one annotation a rule that did not pass. */
export function toGithub(verdict: Verdict): string {
  return verdict.rules.filter((r) => r.status !== "pass").map((r) => {
    const kind = (r.status === "fail" || r.status === "error") && r.level === "error"
      ? "error"
      : "warning";
    return `::${kind} title=${escape(`spillway ${r.name}`, true)}::${escape(r.reason, false)}\n`;
  }).join("");
}
