import { dataError, environmentError, usageError } from "../../model/errors.ts";
import type { Knob } from "../../model/prediction.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { PolicyResult } from "../../model/results.ts";
import type { Output } from "../output.ts";
import { validateConversation } from "./as_run.ts";
import { loadRequests } from "./inputs.ts";
import { benchQuantities, parseBenchDocument, readJsonFile } from "./measured_run.ts";

/** A recorded run, and the prediction that would rest on it. */
export interface RecordedRun {
  /** A `bench … --json` file for conversations; an id, a name or a file for serving engines. */
  readonly path: string;
  readonly trace: string;
  readonly result: PolicyResult;
  readonly profiles: Profiles;
  readonly options: { readonly hardware?: string; readonly llm?: string };
}

/**
 * What is changed against a recorded run, once as-run reproduces it.
 *
 * @throws data error when it does not: a prediction would rest on a model that does not describe the run.
 */
export async function checkRecorded(recorded: RecordedRun, out: Output): Promise<Knob> {
  switch (recorded.result.family) {
    case "conversation":
      return await checkConversation(recorded, out);
    case "offload":
      return await checkServing(recorded, out);
    default:
      throw usageError(
        `--recorded: runs of the family "${recorded.result.family}" cannot be replayed as they ran`,
        "it takes conversations and runs of serving engines",
      );
  }
}

async function checkConversation(
  { path, trace, result, profiles }: RecordedRun,
  out: Output,
): Promise<Knob> {
  const recorded = parseBenchDocument(readJsonFile(path), path);
  if (recorded.workload !== "conversation") {
    throw usageError(`--recorded ${path}: a run of bench ${recorded.workload} is no conversation`);
  }
  const requests = await loadRequests(trace, out.setting("store").value!, recorded.seed);
  const { refused } = await validateConversation(
    { params: recorded.params, quantities: benchQuantities(recorded) },
    requests,
    profiles.hardware!.engine!,
    recorded.seed,
  );
  if (refused !== null) {
    throw dataError(
      `${path}: ${refused}`,
      "calibrate the engine anew, and record on a still machine",
    );
  }
  const now = (key: string) => String(key === "policy" ? result.policy : result.params[key]);
  const before = (key: string) => String(recorded.params[key] ?? null);
  // Only what the run itself was given can be changed; the rest describes the model.
  const given = Object.keys(result.params).filter((key) => key in recorded.params);
  const changed = ["policy", ...given].filter((key) => now(key) !== before(key));
  return {
    name: changed.join(", ") || "nothing",
    from: changed.map(before).join(", "),
    to: changed.map(now).join(", "),
  };
}

/** Asks `replay validate` about a run of a serving engine. */
async function checkServing(
  { path, trace, result, options }: RecordedRun,
  out: Output,
): Promise<Knob> {
  const { runSelf } = await import("../../runtime/run_self.ts");
  const flag = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`--${name}`, value];
  const done = await runSelf([
    "replay",
    "validate",
    path,
    "--trace",
    trace,
    "--json",
    "--store",
    out.setting("store").value!,
    ...flag("hardware", options.hardware),
    ...flag("llm", options.llm),
  ]);
  if (done.code !== 0) {
    const said = done.stderr.trim().split("\n")[0].replace(/^spillway: /, "");
    throw environmentError(`--recorded ${path}: it cannot be validated: ${said}`);
  }
  const { verdict } = JSON.parse(done.stdout) as { verdict: string };
  if (verdict !== "reproduced") {
    throw dataError(
      `${path}: the recorded run is not reproduced under as-run: the verdict is "${verdict}"`,
      `"spillway replay validate ${path}" shows what differs`,
    );
  }
  return { name: "policy", from: "as-run", to: result.policy };
}
