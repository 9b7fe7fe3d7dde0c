import { usageError } from "../../model/errors.ts";
import type { AllocationTraceMeta } from "../../model/trace/allocations.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { parseAllocConf } from "../../replay/allocator/alloc_conf.ts";
import { loadPolicies, type ReplayOptions } from "../replay_options.ts";
import { type Assignment, choosePolicies, type PolicyChoice } from "../replay_params.ts";

/** Options that only `replay allocator` has. */
export interface AllocatorOptions extends ReplayOptions {
  readonly allocConf?: string;
  readonly events?: string;
}

const PYTORCH = ["pytorch-caching", "pytorch-expandable"];

async function chosenAgain(
  names: readonly string[],
  options: AllocatorOptions,
  assignments: readonly Assignment[],
): Promise<PolicyChoice[]> {
  const policies = await loadPolicies("allocator", names, []);
  return choosePolicies(policies, assignments, options.sweep ?? []);
}

/** `--alloc-conf` selects PyTorch's policy and sets it; other policies that were named stay beside it. */
function withConf(options: AllocatorOptions, trace: Trace): Promise<PolicyChoice[]> {
  const text = options.allocConf!;
  const conf = parseAllocConf(text);
  if (trace.kind !== "allocations") {
    throw usageError(
      `--alloc-conf: "${trace.name}" is a trace of ${trace.kind}, PyTorch's settings are about allocations`,
    );
  }
  const name = conf.expandable ? "pytorch-expandable" : "pytorch-caching";
  const others = (options.policy ?? []).filter((p) => !PYTORCH.includes(p));
  const assignment: Assignment = { policy: name, key: "conf", value: text };
  // What was said of the other form of the allocator is meant for this one.
  const set = (options.set ?? []).map((a) =>
    a.policy !== null && PYTORCH.includes(a.policy) ? { ...a, policy: name } : a
  );
  return chosenAgain([name, ...others], options, [...set, assignment]);
}

/** Without a named policy, a validation is about the one that the recording was made with. */
function recordedPolicy(trace: Trace): string {
  const meta = trace.meta as AllocationTraceMeta;
  const expandable = (meta.segments ?? []).some((s) => s.isExpandable);
  return expandable ? "pytorch-expandable" : "pytorch-caching";
}

/** The runs that the family's own options and the trace's kind ask for. */
export async function chooseAllocators(
  choices: PolicyChoice[],
  options: AllocatorOptions,
  trace: Trace,
): Promise<PolicyChoice[]> {
  if (options.allocConf !== undefined) return await withConf(options, trace);
  const validating = (options.set ?? []).some((a) => a.key === "mode" && a.value === "validate");
  if (validating && (options.policy?.length ?? 0) === 0) {
    return await chosenAgain([recordedPolicy(trace)], options, options.set ?? []);
  }
  return choices;
}
