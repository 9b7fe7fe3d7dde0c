import { FAULT_KINDS, type FaultColumns, type FaultKind } from "../model/trace/faults.ts";
import { gamma } from "./gamma.ts";
import { createRandom, type Random } from "./random.ts";

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
  /** Repairs: exponential, or log-normal with this sigma (heavy tail) and the same mean. */
  readonly downSigma?: number;
  /** Share of nodes that are lemons, and how much more often one of them fails. */
  readonly lemonShare?: number;
  readonly lemonFactor?: number;
  /** Chance that a failure takes further nodes along at the same instant, and their mean number. */
  readonly burstShare?: number;
  readonly burstMean?: number;
  /** Nodes of a group (rack, switch), and chance that a failure takes its whole group. */
  readonly groupNodes?: number;
  readonly groupShare?: number;
  /** Each gap counts from this long after a failure: the law of gaps after a recovery (formula F11). */
  readonly pauseSeconds?: number;
  /** Times between failures drawn from these (a fitted or recorded sample) instead of the Weibull law. */
  readonly gaps?: readonly number[];
  /** Shares of the kinds; all failures are of kind `node` when absent. */
  readonly kindShares?: Readonly<Partial<Record<FaultKind, number>>>;
}

export interface GeneratedFault {
  readonly startSeconds: number;
  readonly node: number;
  readonly downSeconds: number;
  readonly kind: FaultKind;
}

/** Llama 3 Table 5 (419 interruptions on 16,384 H100), grouped by what survives. */
export const LLAMA3_KINDS = { gpu: 0.64, software: 0.15, node: 0.126, network: 0.084 } as const;

/** Draws kinds by their shares; all are `node` when there are none. */
function kindPicker(shares: FaultTraceParams["kindShares"]): (random: Random) => FaultKind {
  if (shares === undefined) return () => "node";
  const entries = Object.entries(shares) as [FaultKind, number][];
  const total = entries.reduce((sum, [, share]) => sum + share, 0);
  return (random) => {
    let rest = random.float() * total;
    for (let i = 0; i < entries.length; i++) {
      rest -= entries[i][1];
      if (rest < 0) return entries[i][0];
    }
    return entries[entries.length - 1][0];
  };
}

function repair(p: FaultTraceParams, random: Random): number {
  if (p.downSigma === undefined || p.downSigma === 0) {
    return Math.round(random.exponential(p.meanDownSeconds));
  }
  // The mean of a log-normal is exp(mu + sigma^2/2).
  const mu = Math.log(p.meanDownSeconds) - p.downSigma ** 2 / 2;
  return Math.round(random.lognormal(mu, p.downSigma));
}

/** Draws the failing node: lemons come first in the numbering and fail `lemonFactor` times as often. */
function pickNode(p: FaultTraceParams, random: Random): number {
  const lemons = Math.round((p.lemonShare ?? 0) * p.nodes);
  if (lemons === 0) return random.integer(p.nodes);
  const weight = lemons * (p.lemonFactor ?? 1);
  const bad = random.float() * (weight + p.nodes - lemons) < weight;
  return bad || lemons === p.nodes
    ? random.integer(lemons)
    : lemons + random.integer(p.nodes - lemons);
}

/** Nodes that fail at one instant with the first one. */
function hitNodes(p: FaultTraceParams, random: Random): number[] {
  const first = pickNode(p, random);
  const group = p.groupNodes ?? 1;
  if (group > 1 && random.float() < (p.groupShare ?? 0)) {
    const from = first - first % group;
    const size = Math.min(group, p.nodes - from);
    return Array.from({ length: size }, (_, i) => from + i);
  }
  const nodes = new Set([first]);
  if ((p.burstShare ?? 0) > 0 && random.float() < p.burstShare!) {
    const more = 1 + random.poisson(Math.max(0, (p.burstMean ?? 1) - 1));
    for (let i = 0; i < more; i++) nodes.add(pickNode(p, random));
  }
  return [...nodes];
}

/**
 * Failures of a cluster as a renewal process with Weibull gaps of the given mean, or gaps resampled from
 * `gaps`; lemon nodes, bursts and groups decide who fails. The same parameters give the same failures.
 */
export function generateFaults(params: FaultTraceParams): GeneratedFault[] {
  const random = createRandom(params.seed);
  // Streams of their own, so that who fails does not move when.
  const who = random.split(1);
  const kinds = random.split(2);
  const pickKind = kindPicker(params.kindShares);
  const scale = params.mtbfSeconds / gamma(1 + 1 / params.shape);
  const { gaps } = params;
  const plain = (params.lemonShare ?? 0) === 0 && (params.burstShare ?? 0) === 0 &&
    (params.groupShare ?? 0) === 0;
  const faults: GeneratedFault[] = [];
  let at = -(params.pauseSeconds ?? 0);
  for (;;) {
    at += params.pauseSeconds ?? 0;
    at += gaps === undefined || gaps.length === 0
      ? random.weibull(scale, params.shape)
      : gaps[random.integer(gaps.length)];
    if (at >= params.spanSeconds) return faults;
    const startSeconds = Math.round(at * 1000) / 1000;
    const nodes = plain ? [random.integer(params.nodes)] : hitNodes(params, who);
    const kind = pickKind(kinds);
    for (const node of nodes) {
      faults.push({ startSeconds, node, downSeconds: repair(params, random), kind });
    }
  }
}

/** The failures as the columns of a trace. */
export function faultColumns(faults: readonly GeneratedFault[]): FaultColumns {
  const count = faults.length;
  const startSeconds = new Float64Array(count);
  const faultKind = new Uint8Array(count);
  const node = new Int32Array(count);
  const downSeconds = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const fault = faults[i];
    startSeconds[i] = fault.startSeconds;
    faultKind[i] = KIND_INDEX[fault.kind];
    node[i] = fault.node;
    downSeconds[i] = fault.downSeconds;
  }
  return { kind: "faults", count, startSeconds, faultKind, node, downSeconds };
}

const KIND_INDEX = Object.fromEntries(FAULT_KINDS.map((kind, i) => [kind, i])) as Readonly<
  Record<FaultKind, number>
>;
