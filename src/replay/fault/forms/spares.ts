/** Erlang's loss formula B(servers, load) by its recurrence B_i = a B / (i + a B). */
export function erlangB(servers: number, load: number): number {
  let b = 1;
  for (let i = 1; i <= servers; i++) b = load * b / (i + load * b);
  return b;
}

/**
 * Share of time in which a job stalls because more than `spares` nodes are down: Erlang-B(s + 1, a),
 * a = N lambda MTTR. No failures while stalled; spares do not fail. F16.
 */
export function stallShare(spares: number, load: number): number {
  return erlangB(spares + 1, load);
}

/** Binomial probabilities 0..n of n trials, from logarithms so that n = 10^5 does not underflow at 0. */
function binomialTerms(n: number, p: number, visit: (k: number, probability: number) => boolean) {
  let log = n * Math.log1p(-p);
  const odds = Math.log(p) - Math.log1p(-p);
  for (let k = 0; k <= n; k++) {
    if (visit(k, Math.exp(log))) return;
    log += Math.log(n - k) - Math.log(k + 1) + odds;
  }
}

/** Smallest k with P(X <= k) >= q for X ~ Binomial(n, p): ByteRobust's count of warm standbys at q = 0.99. */
export function binomialQuantile(n: number, p: number, q: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return n;
  let sum = 0;
  let found = n;
  binomialTerms(n, p, (k, probability) => {
    sum += probability;
    if (sum < q) return false;
    found = k;
    return true;
  });
  return found;
}

export interface ElasticAvailability {
  /** Availability of one node, mu / (lambda + mu). */
  readonly node: number;
  readonly expectedUp: number;
  /** E[floor(up/n0)] n0 / N. F17. */
  readonly pipelineShare: number;
  /** E[floor(up/n0)]. F17. */
  readonly expectedPipelines: number;
  readonly allUp: number;
}

/** Availability of a job of pipelines of n0 nodes: up ~ Binomial(N, mu/(lambda+mu)). F17. */
export function elasticAvailability(
  nodes: number,
  perPipeline: number,
  failuresPerNodeTime: number,
  repair: number,
): ElasticAvailability {
  const node = 1 / (1 + failuresPerNodeTime * repair);
  let expectedPipelines = 0;
  if (node >= 1) expectedPipelines = Math.floor(nodes / perPipeline);
  else {
    binomialTerms(nodes, node, (up, probability) => {
      expectedPipelines += probability * Math.floor(up / perPipeline);
      return false;
    });
  }
  return {
    node,
    expectedUp: nodes * node,
    pipelineShare: expectedPipelines * perPipeline / nodes,
    expectedPipelines,
    allUp: node ** nodes,
  };
}
