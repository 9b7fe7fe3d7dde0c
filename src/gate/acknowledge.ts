import type { Ack } from "./rules.ts";
import type { RuleResult } from "./verdict.ts";

/**
 * A failure that somebody has acknowledged only warns, until the acknowledgement expires: then it fails as
 * if nobody had, and says whose acknowledgement it was.
 */
export function acknowledge(result: RuleResult, acks: readonly Ack[], today: string): RuleResult {
  if (result.status !== "fail") return result;
  const about = acks.filter((a) =>
    a.metric === result.name || result.name.endsWith(`/${a.metric}`)
  );
  const valid = about.find((a) => today <= a.until);
  if (valid !== undefined) {
    return {
      ...result,
      level: "warn",
      reason:
        `${result.reason}; acknowledged by ${valid.who} until ${valid.until}: ${valid.reason}`,
    };
  }
  const expired = about.toSorted((a, b) => a.until < b.until ? 1 : -1).at(0);
  return expired === undefined ? result : {
    ...result,
    reason: `${result.reason}; the acknowledgement by ${expired.who} expired ${expired.until}`,
  };
}
