import { usageError } from "../../model/errors.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { parseSeconds } from "../../model/units.ts";
import {
  faultColumns,
  type FaultTraceParams,
  generateFaults,
  LLAMA3_KINDS,
} from "../../stats/failure_process.ts";
import { closest } from "../did_you_mean.ts";

/** `exponential:…` or `weibull:…` as the trace of a replay: everything but the seed. */
export type GeneratorSpec = Omit<FaultTraceParams, "seed">;

const LAWS = ["exponential", "weibull", "lemon", "bursts", "correlated", "heavy-tail"] as const;

/** What each law sets beyond the defaults; every key can be given. */
const PRESETS: Readonly<Record<(typeof LAWS)[number], Partial<GeneratorSpec>>> = {
  exponential: {},
  weibull: { shape: 0.7 },
  lemon: { lemonShare: 0.1, lemonFactor: 6.25 },
  bursts: { burstShare: 0.1, burstMean: 2 },
  correlated: { groupNodes: 8, groupShare: 0.1 },
  "heavy-tail": { downSigma: 1.9 },
};

const TIMES = { span: "spanSeconds", mtbf: "mtbfSeconds", down: "meanDownSeconds" } as const;
const NUMBERS = {
  nodes: "nodes",
  shape: "shape",
  sigma: "downSigma",
  lemons: "lemonShare",
  lemonFactor: "lemonFactor",
  bursts: "burstShare",
  burstMean: "burstMean",
  group: "groupNodes",
  groupShare: "groupShare",
} as const;

/**
 * Reads `LAW:key=value,…`, such as `weibull:mtbf=3h,shape=0.7,nodes=2048,span=365d`.
 *
 * @returns null when the argument does not start with a law: it is a file or a stored trace then.
 * @throws usage error for a key or value that no generator has.
 */
export function parseGenerator(argument: string): GeneratorSpec | null {
  const match = /^([a-z-]+):(.*)$/.exec(argument);
  const law = LAWS.find((name) => name === match?.[1]);
  if (match === null || law === undefined) return null;
  const spec: Record<string, unknown> = {
    nodes: 2048,
    spanSeconds: 60 * 86_400,
    mtbfSeconds: 54 * 86_400 / 419,
    shape: 1,
    meanDownSeconds: 86_400,
    kindShares: LLAMA3_KINDS,
    ...PRESETS[law],
  };
  for (const pair of match[2].split(",").filter((text) => text.trim() !== "")) {
    const [key, value = ""] = pair.split("=").map((text) => text.trim());
    if (key === "kinds" && value === "node") {
      delete spec.kindShares;
    } else if (key in TIMES) {
      const seconds = parseSeconds(value, key);
      if (!(seconds > 0)) throw usageError(`${law}: ${key}=${value} must be above 0`);
      spec[TIMES[key as keyof typeof TIMES]] = seconds;
    } else if (key in NUMBERS) {
      const number = Number(value);
      if (value === "" || !Number.isFinite(number) || number < 0) {
        throw usageError(`${law}: ${key}="${value}" is not a number from 0 up`);
      }
      spec[NUMBERS[key as keyof typeof NUMBERS]] = number;
    } else {
      const known = [...Object.keys(TIMES), ...Object.keys(NUMBERS), "kinds"];
      const near = closest(key, known);
      throw usageError(
        `${law}: there is no "${key}"` + (near === undefined ? "" : `; did you mean "${near}"?`),
        `keys: ${known.join(", ")}`,
      );
    }
  }
  const generator = spec as unknown as GeneratorSpec;
  if (!(Number.isInteger(generator.nodes) && generator.nodes > 0)) {
    throw usageError(`${law}: nodes=${generator.nodes} must be a whole number above 0`);
  }
  if (generator.shape < 0.3 || generator.shape > 5) {
    throw usageError(`${law}: shape=${generator.shape} must be from 0.3 to 5`);
  }
  return generator;
}

/** The trace of one seed. */
export function generatedTrace(
  name: string,
  spec: GeneratorSpec,
  seed: number,
): Trace<"faults"> {
  const columns = faultColumns(generateFaults({ ...spec, seed }));
  return {
    kind: "faults",
    name,
    format: "generated",
    sha256: null,
    rows: columns.count,
    meta: {
      nodeCount: spec.nodes,
      spanSeconds: spec.spanSeconds,
      nodes: Array.from({ length: spec.nodes }, (_, i) => `n${i}`),
    },
    notes: [],
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}
