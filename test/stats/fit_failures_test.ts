import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULT_KINDS } from "../../src/model/trace/faults.ts";
import { faultColumns, generateFaults } from "../../src/stats/failure_process.ts";
import {
  fitFailures,
  fitWeibull,
  ksDistance,
  ksProbability,
} from "../../src/stats/fit_failures.ts";
import { gamma } from "../../src/stats/gamma.ts";
import { createRandom } from "../../src/stats/random.ts";

for (const shape of [0.6, 1, 2.5]) {
  test(`a Weibull sample of shape ${shape} is fitted back`, () => {
    const random = createRandom(7);
    const samples = Array.from({ length: 20_000 }, () => random.weibull(500, shape));
    const fit = fitWeibull(samples)!;
    assert.ok(Math.abs(fit.shape / shape - 1) < 0.03, `shape ${fit.shape}`);
    assert.ok(Math.abs(fit.scale / 500 - 1) < 0.03, `scale ${fit.scale}`);
    assert.ok(Math.abs(fit.mean / (500 * gamma(1 + 1 / shape)) - 1) < 0.03);
  });
}

test("samples that do not differ have no Weibull fit", () => {
  assert.equal(fitWeibull([3, 3, 3]), null);
  assert.equal(fitWeibull([]), null);
});

test("the Kolmogorov-Smirnov distance of three known points", () => {
  assert.ok(Math.abs(ksDistance([0.1, 0.5, 0.9], (x) => x) - 7 / 30) < 1e-12);
  assert.ok(ksProbability(0.5, 1000) < 1e-9);
  assert.ok(ksProbability(0.01, 100) > 0.99);
});

test("the gamma function at known points", () => {
  for (const [x, y] of [[1, 1], [5, 24], [0.5, Math.sqrt(Math.PI)], [10, 362_880]]) {
    assert.ok(Math.abs(gamma(x) / y - 1) < 1e-12, `gamma(${x})`);
  }
});

const cluster = {
  seed: 3,
  nodes: 100,
  spanSeconds: 3e7,
  mtbfSeconds: 5000,
  shape: 1,
  meanDownSeconds: 3600,
};

const fitOf = (extra: object) => {
  const c = faultColumns(generateFaults({ ...cluster, ...extra }));
  return fitFailures(c.startSeconds, c.node, c.downSeconds, cluster.spanSeconds);
};

test("an exponential trace is seen as exponential, a bursty one is not", () => {
  const plain = fitOf({});
  assert.ok(Math.abs(plain.gapVariation - 1) < 0.05);
  assert.ok(plain.exponential.ksProbability > 0.05);
  assert.equal(plain.zeroGaps, 0);
  const bursty = fitOf({ burstShare: 0.2, burstMean: 3 });
  assert.ok(bursty.zeroGaps > 500 && bursty.largestBurst >= 3);
  assert.ok(bursty.exponential.ksProbability < 0.001);
});

test("lemon nodes and heavy-tailed repairs are seen", () => {
  assert.equal(fitOf({}).lemons!.factor, null);
  const lemons = fitOf({ lemonShare: 0.1, lemonFactor: 6 }).lemons!;
  assert.ok(lemons.share > 0.35 && lemons.share > 2 * lemons.chanceShare);
  const repair = fitOf({ downSigma: 1.9 }).repair!;
  assert.ok(Math.abs(repair.sigma - 1.9) < 0.1);
  assert.ok(repair.logNormal.ksDistance < 0.02 && repair.exponential.ksDistance > 0.2);
  const plain = fitOf({}).repair!;
  assert.ok(plain.exponential.ksDistance < 0.02 && plain.logNormal.ksDistance > 0.04);
  assert.ok(repair.meanSeconds > 3 * repair.medianSeconds);
});

for (const [factor, nodes, known] of [[6, 100, true], [3, 500, true], [6, 2000, false]] as const) {
  test(`lemons that fail ${factor} times as often among ${nodes} nodes are fitted back`, () => {
    const params = { ...cluster, nodes, lemonShare: 0.1, lemonFactor: factor };
    const c = faultColumns(generateFaults(params));
    const fit = fitFailures(
      c.startSeconds,
      c.node,
      c.downSeconds,
      cluster.spanSeconds,
      known ? nodes : undefined,
    );
    const fitted = fit.lemons!.factor!;
    assert.ok(Math.abs(fitted / factor - 1) < 0.15, `${fitted}`);
  });
}

test("few failures over many nodes make no lemons: chance alone gives a tenth of them a large share", () => {
  const plain = (seed: number, nodes: number) => {
    const c = faultColumns(generateFaults({ ...cluster, seed, nodes }));
    return [nodes, undefined].map((all) =>
      fitFailures(c.startSeconds, c.node, c.downSeconds, cluster.spanSeconds, all).lemons!
    );
  };
  for (let seed = 1; seed <= 8; seed++) {
    for (const fit of [...plain(seed, 2048), ...plain(seed, 6000)]) {
      assert.equal(fit.factor, null, `seed ${seed}: ${fit.share} against ${fit.chanceShare}`);
      assert.ok(Math.abs(fit.share - fit.chanceShare) < 0.02);
    }
  }
});

test("bursts are fitted back: how often, and how many further nodes", () => {
  const fit = fitOf({ nodes: 1000, burstShare: 0.2, burstMean: 3 });
  const instants = fit.failures - fit.zeroGaps;
  assert.ok(Math.abs(fit.burstInstants / instants - 0.2) < 0.02);
  assert.ok(Math.abs(fit.zeroGaps / fit.burstInstants - 3) < 0.15);
});

test("a failing group takes all of its nodes at one instant", () => {
  const faults = generateFaults({ ...cluster, groupNodes: 4, groupShare: 1 });
  const first = faults.filter((f) => f.startSeconds === faults[0].startSeconds);
  assert.equal(first.length, 4);
  assert.equal(new Set(first.map((f) => Math.floor(f.node / 4))).size, 1);
});

test("the kinds of generated failures keep their shares", () => {
  const faults = generateFaults({ ...cluster, kindShares: { gpu: 3, software: 1 } });
  const gpus = faults.filter((f) => f.kind === "gpu").length;
  assert.ok(Math.abs(gpus / faults.length - 0.75) < 0.03);
  assert.ok(faultColumns(faults).faultKind.every((k) => FAULT_KINDS[k] !== "unknown"));
});

test("Poisson, log-normal and split streams of the random numbers", () => {
  const random = createRandom(11);
  for (const mean of [0.5, 4, 75]) {
    const draws = Array.from({ length: 20_000 }, () => random.poisson(mean));
    const average = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    assert.ok(Math.abs(average - mean) < 4 * Math.sqrt(mean / draws.length), `mean ${average}`);
  }
  const logs = Array.from({ length: 20_000 }, () => Math.log(random.lognormal(2, 0.5)));
  assert.ok(Math.abs(logs.reduce((sum, x) => sum + x, 0) / logs.length - 2) < 0.02);
  const drawn = createRandom(11);
  drawn.float();
  assert.equal(drawn.split(5).float(), createRandom(11).split(5).float());
  assert.notEqual(drawn.split(5).float(), drawn.split(6).float());
});
