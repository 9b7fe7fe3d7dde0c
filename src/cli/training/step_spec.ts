import { usageError } from "../../model/errors.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import { profiledLayer, type StepProfile } from "../../model/step_profile.ts";
import { stepTrace } from "../../model/trace/step_trace.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { parseBytes, parseRate, parseSeconds } from "../../model/units.ts";
import { modelStep } from "../../generate/training_step.ts";
import { closest } from "../did_you_mean.ts";

type Pairs = Map<string, string>;

const MODEL_KEYS = ["batch", "seq", "micro", "causal", "flash", "recompute", "efficiency"];
const LAYER_KEYS = [
  "count",
  "forward",
  "backward",
  "bytes",
  "activation",
  "gradient",
  "microbatches",
  "gpus",
  "memory",
  "link",
];

function pairsOf(kind: string, text: string, known: readonly string[]): Pairs {
  const pairs: Pairs = new Map();
  for (const pair of text.split(",").filter((part) => part.trim() !== "")) {
    const equals = pair.indexOf("=");
    const key = (equals < 0 ? pair : pair.slice(0, equals)).trim();
    if (!known.includes(key)) {
      const near = closest(key, known);
      throw usageError(
        `${kind}: there is no "${key}"` + (near === undefined ? "" : `; did you mean "${near}"?`),
        `keys: ${known.join(", ")}`,
      );
    }
    if (equals < 0) throw usageError(`${kind}: "${key}" has no value: expected ${key}=…`);
    pairs.set(key, pair.slice(equals + 1).trim());
  }
  return pairs;
}

/** A count; a K after it means 1,024. */
function countOf(kind: string, pairs: Pairs, key: string, fallback: number): number {
  const text = pairs.get(key);
  if (text === undefined) return fallback;
  const match = /^(\d+)([kK]?)$/.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (match[2] === "" ? 1 : 1024);
  if (!(value >= 1)) {
    throw usageError(
      `${kind}: ${key}="${text}" is not a whole number from 1 up (128K means 131072)`,
    );
  }
  return value;
}

function flagOf(kind: string, pairs: Pairs, key: string, fallback: boolean): boolean {
  const text = pairs.get(key);
  if (text === undefined) return fallback;
  if (text === "true" || text === "yes" || text === "1") return true;
  if (text === "false" || text === "no" || text === "0") return false;
  throw usageError(`${kind}: ${key}="${text}" is neither true nor false`);
}

function modelOf(argument: string, text: string, profiles: Profiles): Trace<"tensors"> {
  const pairs = pairsOf("model", text, MODEL_KEYS);
  if (profiles.llm === null) {
    throw usageError(
      "model: no model is named",
      "add --llm gpt3-175b, or a JSON file of its shape",
    );
  }
  if (profiles.hardware === null || profiles.hardware.gpu === null) {
    throw usageError("model: no machine with a GPU is named", "add --hardware a100_sxm-x8");
  }
  const efficiency = pairs.get("efficiency");
  const share = efficiency === undefined ? null : Number(efficiency);
  if (share !== null && !(share > 0 && share <= 1)) {
    throw usageError(`model: efficiency="${efficiency}" is not a share above 0 and up to 1`);
  }
  const batch = countOf("model", pairs, "batch", 8);
  const microBatch = countOf("model", pairs, "micro", 1);
  if (batch % microBatch !== 0) {
    throw usageError(`model: batch=${batch} is no multiple of micro=${microBatch}`);
  }
  const step = modelStep(profiles.llm, profiles.hardware, {
    batch,
    microBatch,
    sequence: countOf("model", pairs, "seq", 2048),
    causal: flagOf("model", pairs, "causal", true),
    flashAttention: flagOf("model", pairs, "flash", true),
    recompute: flagOf("model", pairs, "recompute", true),
    efficiency: share,
  });
  return stepTrace(argument, "described", step);
}

function layersOf(argument: string, text: string): Trace<"tensors"> {
  const pairs = pairsOf("layers", text, LAYER_KEYS);
  const seconds = (key: string, fallback: number) => {
    const given = pairs.get(key);
    return given === undefined ? fallback : parseSeconds(given, `layers: ${key}`);
  };
  const bytes = (key: string, fallback: number) => {
    const given = pairs.get(key);
    return given === undefined ? fallback : parseBytes(given, `layers: ${key}`);
  };
  const layer = {
    forwardSeconds: seconds("forward", 1),
    backwardSeconds: seconds("backward", 2 * seconds("forward", 1)),
    parameterBytes: bytes("bytes", 0),
    activationBytes: bytes("activation", 0),
    gradientBytes: bytes("gradient", 0),
  };
  const machineKeys = ["gpus", "memory", "link"].filter((key) => pairs.has(key));
  if (machineKeys.length > 0 && machineKeys.length < 3) {
    throw usageError(
      `layers: ${machineKeys.join(" and ")} alone describe no machine`,
      "give gpus, memory and link together, or none and --hardware",
    );
  }
  const link = pairs.get("link");
  const step: StepProfile = {
    layers: Array.from(
      { length: countOf("layers", pairs, "count", 8) },
      (_, i) => profiledLayer(`layer ${i}`, layer),
    ),
    microBatches: countOf("layers", pairs, "microbatches", 4),
    samplesPerMicroBatch: 1,
    recompute: false,
    machine: link === undefined ? null : {
      gpus: countOf("layers", pairs, "gpus", 1),
      memoryBytes: bytes("memory", 0),
      linkBytesPerSecond: parseRate(link, "layers: link"),
    },
    model: null,
    source: argument,
  };
  return stepTrace(argument, "described", step);
}

/** Whether the argument describes a step instead of naming a trace. */
export function describesStep(argument: string): boolean {
  return /^(model|layers):/.test(argument);
}

/**
 * The trace that `model:key=value,…` or `layers:key=value,…` describes; null when the argument is a file or a
 * stored trace.
 *
 * @throws usage error for a key or value that no description has.
 */
export function describedTrace(argument: string, profiles: Profiles): Trace<"tensors"> | null {
  if (!describesStep(argument)) return null;
  const text = argument.slice(argument.indexOf(":") + 1);
  return argument.startsWith("model:")
    ? modelOf(argument, text, profiles)
    : layersOf(argument, text);
}
