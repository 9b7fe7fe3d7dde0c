import { createRandom } from "../stats/random.ts";

/** Parameters of a generated failure trace. Times are seconds. */
export interface FaultTraceParams {
  readonly seed: number;
  readonly nodes: number;
  readonly spanSeconds: number;
  /** Mean time between failures of the whole cluster. */
  readonly mtbfSeconds: number;
  /** Weibull shape of the times between failures: 1 is exponential, below 1 comes in bursts. */
  readonly shape: number;
  readonly meanDownSeconds: number;
}

export interface GeneratedFault {
  readonly startSeconds: number;
  readonly node: number;
  readonly downSeconds: number;
}

/** Lanczos approximation of the gamma function (g = 7, n = 9), for arguments above 0.5. */
function gamma(x: number): number {
  const c = [
    0.99999999999980993,
    676.5203681218851,
    -1259.1392167224028,
    771.32342877765313,
    -176.61502916214059,
    12.507343278686905,
    -0.13857109526572012,
    9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];
  const t = x - 1 + 7.5;
  const sum = c.slice(1).reduce((a, ci, i) => a + ci / (x + i), c[0]);
  return Math.sqrt(2 * Math.PI) * t ** (x - 0.5) * Math.exp(-t) * sum;
}

/** Failures of a cluster as a renewal process with Weibull gaps of the given mean; nodes drawn evenly. */
export function generateFaults(params: FaultTraceParams): GeneratedFault[] {
  const random = createRandom(params.seed);
  const scale = params.mtbfSeconds / gamma(1 + 1 / params.shape);
  const faults: GeneratedFault[] = [];
  let at = 0;
  for (;;) {
    at += scale * (-Math.log(1 - random.float())) ** (1 / params.shape);
    if (at >= params.spanSeconds) return faults;
    faults.push({
      startSeconds: Math.round(at * 1000) / 1000,
      node: random.integer(params.nodes),
      downSeconds: Math.round(random.exponential(params.meanDownSeconds)),
    });
  }
}

/** The trace as CSV: `start_seconds,node,kind,down_seconds`. */
export function faultCsv(faults: readonly GeneratedFault[]): string {
  const rows = faults.map((f) => `${f.startSeconds},n${f.node},node,${f.downSeconds}\n`);
  return `start_seconds,node,kind,down_seconds\n${rows.join("")}`;
}
