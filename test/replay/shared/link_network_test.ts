import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  createLinkNetwork,
  type LinkSpec,
  type RouteSpec,
} from "../../../src/replay/shared/link_network.ts";

function route(...links: [link: number, weight: number][]): RouteSpec {
  return {
    name: "r",
    latencySeconds: 0,
    descriptorSeconds: 0,
    links: links.map(([link, weight]) => ({ link, weight })),
  };
}

const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);

test("a lone transfer takes latency, its pieces and its bytes over the slowest link", () => {
  const slow = { ...route([0, 1], [1, 1]), latencySeconds: 0.5, descriptorSeconds: 0.01 };
  const network = createLinkNetwork(
    [{ name: "a", bytesPerSecond: 100 }, { name: "b", bytesPerSecond: 50 }],
    [slow],
  );
  near(network.estimateSeconds(0, 200, 3), 0.5 + 0.03 + 4);
  const transfer = network.start(0, 200, 3, 10);
  near(network.endSeconds(transfer), 10 + 0.5 + 0.03 + 4);
  network.advance(20);
  assert.ok(network.isDone(transfer));
  assert.deepEqual([...network.linkBytes], [200, 200]);
  near(network.linkBusySeconds[1], 4);
});

test("many small pieces are slower than few large ones", () => {
  const spec = { ...route([0, 1]), descriptorSeconds: 1e-3 };
  const network = createLinkNetwork([{ name: "a", bytesPerSecond: 1e6 }], [spec]);
  assert.ok(network.estimateSeconds(0, 1e6, 1000) > network.estimateSeconds(0, 1e6, 1));
});

test("transfers of one link share it equally: the second one delays the first", () => {
  const network = createLinkNetwork([{ name: "a", bytesPerSecond: 100 }], [route([0, 1])]);
  const first = network.start(0, 100, 0, 0);
  const second = network.start(0, 100, 0, 0.5);
  // 50 bytes alone, then both at 50 bytes a second.
  near(network.endSeconds(first), 1.5);
  network.advance(1.5);
  near(network.endSeconds(second), 2);
});

test("shares are max-min fair over whole paths: what one cannot use, the others get", () => {
  // Link 0 (90) carries A and B, link 1 (30) carries B and C: B and C get 15 each, A the other 75.
  const network = createLinkNetwork(
    [{ name: "x", bytesPerSecond: 90 }, { name: "y", bytesPerSecond: 30 }],
    [route([0, 1]), route([0, 1], [1, 1]), route([1, 1])],
  );
  const a = network.start(0, 75, 0, 0);
  const b = network.start(1, 30, 0, 0);
  const c = network.start(2, 15, 0, 0);
  near(network.endSeconds(a), 1);
  near(network.endSeconds(c), 1);
  near(network.endSeconds(b), 2);
});

test("a bounce buffer crosses host memory twice, so it has half of its bandwidth", () => {
  const network = createLinkNetwork(
    [{ name: "memory", bytesPerSecond: 100 }],
    [route([0, 2]), route([0, 1])],
  );
  near(network.estimateSeconds(0, 100, 0), 2);
  // Both at the same rate r: 2r + r = 100.
  const bounced = network.start(0, 100, 0, 0);
  network.start(1, 1000, 0, 0);
  near(network.endSeconds(bounced), 3);
});

test("opposite directions slow each other by the duplex factor", () => {
  const link = (opposite: number): LinkSpec => ({
    name: "d",
    bytesPerSecond: 100,
    opposite,
    duplexFactor: 0.7,
  });
  const network = createLinkNetwork([link(1), link(0)], [route([0, 1]), route([1, 1])]);
  const down = network.start(0, 70, 0, 0);
  near(network.endSeconds(down), 0.7);
  network.start(1, 700, 0, 0);
  near(network.endSeconds(down), 1);
});

test("bytes started are bytes arrived plus bytes under way, and no link carries more than it can", () => {
  const links = fc.array(fc.integer({ min: 10, max: 1000 }), { minLength: 3, maxLength: 3 });
  const starts = fc.array(
    fc.record({
      route: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 5000 }),
      gap: fc.integer({ min: 0, max: 20 }),
    }),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(fc.property(links, starts, fc.nat(20), (rates, list, after) => {
    const network = createLinkNetwork(
      rates.map((bytesPerSecond, i) => ({ name: String(i), bytesPerSecond })),
      [route([0, 1]), route([0, 1], [1, 2]), route([1, 1], [2, 1]), route([2, 0.5])],
    );
    let now = 0;
    let started = 0;
    for (const { route: r, bytes, gap } of list) {
      now += gap / 10;
      network.release(network.start(r, bytes, 0, now));
      started += bytes;
    }
    network.advance(now + after);
    const moved = network.movedBytes.reduce((x, y) => x + y, 0);
    assert.equal(moved + network.bytesUnderWay(), started);
    rates.forEach((rate, l) => {
      assert.ok(network.linkBytes[l] <= rate * network.linkBusySeconds[l] * (1 + 1e-9) + 1e-6);
      assert.ok(network.linkBusySeconds[l] <= now + after + 1e-9);
    });
  }));
});

test("more bandwidth is never slower for a fixed set of transfers that start together", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 10, max: 500 }),
      (sizes, rate) => {
        const makespan = (bytesPerSecond: number): number => {
          const network = createLinkNetwork([{ name: "a", bytesPerSecond }], [route([0, 1])]);
          const all = sizes.map((bytes) => network.start(0, bytes, 0, 0));
          network.advance(1e9);
          return Math.max(...all.map((transfer) => network.endSeconds(transfer)));
        };
        near(makespan(rate), sizes.reduce((a, b) => a + b, 0) / rate);
        assert.ok(makespan(rate * 1.5) <= makespan(rate));
      },
    ),
    { numRuns: 50 },
  );
});
