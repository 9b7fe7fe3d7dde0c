import { usageError } from "../../model/errors.ts";
import { parseSeconds } from "../../model/units.ts";
import type { SharedStore } from "../../replay/fault/shared_fs/shared_params.ts";
import {
  type Assignment,
  checkKeys,
  parseAssignment,
  parseOverrides,
  type PolicyChoice,
} from "../replay_params.ts";

/** `--job gpus=64,bytes=2TB,start=2h,count=3` as parsed. */
export interface JobSpec {
  readonly startSeconds: number;
  readonly count: number;
  readonly set: readonly Assignment[];
}

/** Parameters that belong to the store and not to one of its jobs. */
const OF_THE_STORE: readonly string[] = ["shared", "admission", "tokens", "iterationEnds"];

const MOST_JOBS = 10_000;

/** Parses one `--job`. @throws usage error. */
export function parseJob(text: string): JobSpec {
  let [startSeconds, count] = [0, 1];
  const set: Assignment[] = [];
  for (const part of text.split(",").filter((p) => p.trim() !== "")) {
    if (!part.includes("=")) {
      throw usageError(
        `--job: "${part.trim()}" is not key=value`,
        "write a job as gpus=64,bytes=2TB,interval=30min,start=2h,count=3",
      );
    }
    const assignment = parseAssignment(part);
    const { key, value } = assignment;
    if (key === "start") startSeconds = parseSeconds(value, "--job start");
    else if (key === "count") count = Number(value);
    else if (OF_THE_STORE.includes(key)) {
      throw usageError(`--job: ${key} is not of one job`, `give it with --set ${key}=VALUE`);
    } else set.push(assignment);
  }
  if (!(startSeconds >= 0)) throw usageError(`--job: start=${startSeconds} must be 0 or more`);
  if (!Number.isInteger(count) || count < 1 || count > MOST_JOBS) {
    throw usageError(`--job: "${text}" needs a count from 1 to ${MOST_JOBS}`);
  }
  return { startSeconds, count, set };
}

/** The jobs of a policy on the store, each with its parameters. @throws usage error. */
export function ownJobs(
  specs: readonly JobSpec[],
  choice: PolicyChoice,
  all: readonly PolicyChoice[],
): NonNullable<SharedStore["each"]> {
  return specs.flatMap((spec) => {
    checkKeys("--job", spec.set, all.map((c) => c.policy));
    const set = parseOverrides("--job", choice.policy, spec.set);
    return Array.from({ length: spec.count }, () => ({ startSeconds: spec.startSeconds, set }));
  });
}
