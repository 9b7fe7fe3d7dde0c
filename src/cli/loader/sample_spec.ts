import { statSync } from "node:fs";
import { dataError, usageError } from "../../model/errors.ts";
import { sampleTrace } from "../../model/trace/sample_trace.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { mlperfSamples } from "../../generate/sample_sets.ts";
import { MLPERF_WORKLOADS } from "../../model/mlperf_workloads.ts";
import { scanFolder } from "../../runtime/scan_folder.ts";
import { closest } from "../did_you_mean.ts";

const KEYS = ["files", "accelerator"] as const;

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The files of a folder as samples, one a file. */
function scanned(argument: string): Trace<"io"> {
  const files = scanFolder(argument).filter((f) => f.bytes > 0).map((f) => ({ ...f, samples: 1 }));
  if (files.length === 0) throw dataError(`${argument} holds no file that is not empty`);
  return sampleTrace(argument, "folder", files, {
    name: argument,
    batchSize: 1,
    computeSeconds: null,
    readThreads: 4,
    targetRatio: 0.9,
    source: `scan of ${argument}`,
  }, true);
}

/**
 * The samples that `unet3d:files=168,accelerator=h100` (or resnet50, cosmoflow) describes, or those of a folder;
 * null when the argument is a file or a stored trace.
 *
 * @throws usage error for a key or value that no description has.
 */
export function describedSamples(argument: string, seed: number): Trace<"io"> | null {
  if (isFolder(argument)) return scanned(argument);
  const match = /^([a-z0-9]+)(?::(.*))?$/.exec(argument);
  const workload = match?.[1] ?? "";
  if (match === null || !Object.hasOwn(MLPERF_WORKLOADS, workload)) return null;
  let files = MLPERF_WORKLOADS[workload].files;
  let accelerator: "a100" | "h100" = "h100";
  for (const pair of (match[2] ?? "").split(",").filter((text) => text.trim() !== "")) {
    const [key, value = ""] = pair.split("=").map((text) => text.trim());
    if (key === "files") {
      files = Number(value);
      if (!(Number.isInteger(files) && files > 0 && files <= 5_000_000)) {
        throw usageError(`${workload}: files="${value}" is not a whole number from 1 to 5,000,000`);
      }
    } else if (key === "accelerator") {
      if (value !== "a100" && value !== "h100") {
        throw usageError(`${workload}: accelerator="${value}" is neither a100 nor h100`);
      }
      accelerator = value;
    } else {
      const near = closest(key, KEYS);
      throw usageError(
        `${workload}: there is no "${key}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        `keys: ${KEYS.join(", ")}`,
      );
    }
  }
  return mlperfSamples(argument, workload, { files, accelerator, seed });
}
