import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  createLinkNetwork,
  type LinkSpec,
  type RouteSpec,
} from "../../../src/replay/shared/link_network.ts";

/**
 * The same network written another way: every transfer is a flow of its own, fair rates come from the most
 * crowded link first, and time goes from one end to the next.
 */
interface Flow {
  readonly route: number;
  readonly bytes: number;
  left: number;
  end: number;
  rate: number;
}

function fairRates(links: readonly LinkSpec[], routes: readonly RouteSpec[], flows: Flow[]): void {
  const crossed = (flow: Flow, link: number) =>
    routes[flow.route].links.filter((l) => l.link === link).reduce((sum, l) => sum + l.weight, 0);
  const capacity = links.map(({ bytesPerSecond, opposite, duplexFactor }) => {
    const busy = opposite !== undefined && flows.some((flow) => crossed(flow, opposite) > 0);
    return busy ? bytesPerSecond * duplexFactor! : bytesPerSecond;
  });
  const open = new Set(flows);
  while (open.size > 0) {
    let narrowest = -1;
    let share = Infinity;
    links.forEach((_, link) => {
      const weight = [...open].reduce((sum, flow) => sum + crossed(flow, link), 0);
      if (weight > 0 && capacity[link] / weight < share) {
        share = capacity[link] / weight;
        narrowest = link;
      }
    });
    for (const flow of [...open].filter((f) => crossed(f, narrowest) > 0)) {
      flow.rate = share;
      open.delete(flow);
      links.forEach((_, link) => capacity[link] -= share * crossed(flow, link));
    }
  }
}

interface Start {
  readonly at: number;
  readonly route: number;
  readonly bytes: number;
  readonly pieces: number;
}

function transcribed(
  links: readonly LinkSpec[],
  routes: readonly RouteSpec[],
  starts: readonly Start[],
): number[] {
  const flows: Flow[] = [];
  let now = 0;
  const pass = (until: number): void => {
    for (;;) {
      const running = flows.filter((flow) => Number.isNaN(flow.end));
      fairRates(links, routes, running);
      const first = Math.min(...running.map((flow) => flow.left / flow.rate));
      const step = Math.min(first, until - now);
      if (running.length === 0 || step === Infinity) break;
      for (const flow of running) {
        flow.left -= flow.rate * step;
        if (flow.left <= 1e-9 * flow.bytes) flow.end = now + step;
      }
      now += step;
      if (step < first) break;
    }
    if (until < Infinity) now = until;
  };
  for (const { at, route, bytes } of starts) {
    pass(at);
    flows.push({ route, bytes, left: bytes, end: NaN, rate: 0 });
  }
  pass(Infinity);
  return flows.map(({ end, route }, i) =>
    end + routes[route].latencySeconds + starts[i].pieces * routes[route].descriptorSeconds
  );
}

const topologies = fc.integer({ min: 1, max: 6 }).chain((count) =>
  fc.record({
    links: fc.tuple(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: count, maxLength: count }),
      fc.constantFrom(1, 0.713, 0.5),
    ).map(([rates, duplexFactor]) =>
      rates.map((rate, l): LinkSpec => ({
        name: `link ${l}`,
        bytesPerSecond: rate,
        // The first two are the directions of one link.
        ...(count > 1 && l < 2 ? { opposite: 1 - l, duplexFactor } : {}),
      }))
    ),
    routes: fc.array(
      fc.record({
        crossed: fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: count }),
        weights: fc.array(fc.constantFrom(1, 2, 0.5), { minLength: count, maxLength: count }),
        latencySeconds: fc.constantFrom(0, 0.25),
        descriptorSeconds: fc.constantFrom(0, 0.125),
      }),
      { minLength: 1, maxLength: 5 },
    ).map((routes) =>
      routes.map(({ crossed, weights, ...costs }, r): RouteSpec => ({
        name: `route ${r}`,
        links: crossed.map((link, i) => ({ link, weight: weights[i] })),
        ...costs,
      }))
    ),
    starts: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 40 }).map((t) => t / 2),
        route: fc.nat(4),
        bytes: fc.integer({ min: 1, max: 200 }),
        pieces: fc.integer({ min: 0, max: 9 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  })
);

test("ends of transfers are those of a water-filling written apart, over random topologies", () => {
  fc.assert(
    fc.property(topologies, ({ links, routes, starts }) => {
      const ordered = starts.map((s) => ({ ...s, route: s.route % routes.length }))
        .sort((a, b) => a.at - b.at);
      const expected = transcribed(links, routes, ordered);
      const network = createLinkNetwork(links, routes);
      const started = ordered.map(({ at, route, bytes, pieces }) => {
        network.advance(at);
        // A prediction changes nothing, and is right when nothing else starts or ends meanwhile.
        const alone = routes.every((_, r) => network.active(r) === 0);
        const predicted = at + network.estimateSeconds(route, bytes, pieces);
        const transfer = network.start(route, bytes, pieces, at);
        if (alone) assert.ok(Math.abs(network.endSeconds(transfer) - predicted) < 1e-9);
        return transfer;
      });
      // What is foreseen once the last has started is what comes, whenever it is asked.
      const asked = ordered.map((_, i) => network.forecastSeconds(started[i]));
      network.advance(ordered.at(-1)!.at + 1);
      const again = ordered.map((_, i) => network.forecastSeconds(started[i]));
      network.advance(1e6);
      [asked, again].forEach((ends) =>
        ends.forEach((end, i) =>
          assert.ok(Math.abs(end - expected[i]) <= 1e-6 * expected[i], `foreseen ${end}`)
        )
      );
      started.forEach((transfer, i) => {
        const end = network.endSeconds(transfer);
        assert.ok(
          Math.abs(end - expected[i]) <= 1e-6 * expected[i],
          `${end} is not ${expected[i]}`,
        );
      });
      ordered.forEach(({ route }) =>
        assert.ok(Math.abs(network.movedBytes[route] - network.routeBytes[route]) < 1e-6)
      );
    }),
    { numRuns: 400 },
  );
});
