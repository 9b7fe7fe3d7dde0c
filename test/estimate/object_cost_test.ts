import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { estimateUsage } from "../../src/estimate/usage/estimate_usage.ts";
import { type SiteProfile, siteProfileSchema } from "../../src/model/profiles/site.ts";
import type { FlowUsage, Usage } from "../../src/model/usage.ts";
import { spillway } from "../spillway.ts";
import { near, printed } from "./near.ts";

const MONTH = 730 * 3600;

function usage(flows: readonly FlowUsage[], more: Partial<Usage> = {}): Usage {
  return {
    wallSeconds: 3600,
    functionalUnits: {},
    devices: [{ kind: "gpu", key: "h100_sxm", count: 1, reservedSeconds: 3600, busySeconds: 3600 }],
    flows,
    held: [],
    evidence: "replayed",
    ...more,
  };
}

const read = (bytes: number): FlowUsage => ({
  tier: "object",
  direction: "read",
  bytes,
  requests: 1000,
});
const write = (bytes: number): FlowUsage => ({ ...read(bytes), direction: "write" });

function priced(u: Usage, site: Partial<SiteProfile>, ...flags: string[]) {
  const profile = siteProfileSchema.parse({
    name: "s",
    gridGramsPerKwh: 400,
    pue: 1.1,
    ownership: "rented",
    ...site,
  });
  const factors = applyOverrides(builtinFactors(), flags.map(parseFactorFlag), "2026-11-25");
  return estimateUsage(u, estimateContext(profile, null, factors)).metrics;
}

test("where the object store is is not known, egress and the whole cost are unknown with a remedy", () => {
  const m = priced(usage([read(5e12)]), {});
  for (const id of ["egress_usd", "total_usd"]) {
    assert.equal(m[id].value, null, id);
    assert.match(m[id].reason!, /5000 GB .*--object-place same-region/);
  }
  // What does not depend on the place is still known.
  near(m.object_request_usd.value as number, 1 * 0.0004);
  near(m.retrieval_usd.value as number, 0);
  near(m.retrieval_usd.high!, 5e12 / 2 ** 30 * 0.01);
  assert.equal(m.retrieval_usd.evidence, "assumed");
});

test("E14: 60 000 GB over the internet in a month cost 5019.20", () => {
  const m = priced(usage([read(60e12)]), { objectPlace: "internet" });
  printed(m.egress_usd.value as number, "5019.20");
  assert.ok(m.egress_usd.low! <= 5019.2 && m.egress_usd.high! > 5019.2);
  // Over two months the cheap steps are not reached: each begins anew.
  const slow = priced(usage([read(60e12)], { wallSeconds: 2 * MONTH }), {
    objectPlace: "internet",
  });
  near(slow.egress_usd.value as number, 2 * (10_240 * 0.09 + 19_760 * 0.085));
});

test("reads leave the store's cloud; writes leave the machine's only where it is rented", () => {
  const both = usage([read(1e12), write(2e12)]);
  near(
    priced(both, { objectPlace: "other-region" }).egress_usd.value as number,
    3000 * 0.02,
  );
  const owned = priced(
    both,
    { objectPlace: "internet", ownership: "owned" },
    "electricity.usd_per_kwh=0.1",
  );
  near(owned.egress_usd.value as number, 1000 * 0.09);
  assert.equal(priced(both, { objectPlace: "same-region" }).egress_usd.value, 0);
});

test("the parts of the cost sum to it, for any flows and place", () => {
  const bytes = fc.integer({ min: 1, max: 10 ** 15 });
  fc.assert(fc.property(
    bytes,
    bytes,
    fc.constantFrom("same-region", "other-region", "internet"),
    (r, w, place) => {
      const m = priced(
        usage([read(r), write(w)], { held: [{ tier: "object", byteSeconds: r * 100 }] }),
        { objectPlace: place as "internet" },
      );
      const parts = [
        "compute_usd",
        "storage_usd",
        "object_request_usd",
        "retrieval_usd",
        "egress_usd",
      ];
      near(
        parts.reduce((a, id) => a + Number(m[id].value), 0),
        m.total_usd.value as number,
      );
    },
  ));
});

test("a price of one's own replaces the steps of a place", () => {
  const m = priced(usage([read(3e12)]), {}, "object.egress_usd_per_gb=0.01..0.02..0.05");
  near(m.egress_usd.value as number, 60);
  near(m.egress_usd.low!, 30);
  near(m.egress_usd.high!, 150);
  const ia = priced(
    usage([read(2 ** 40)]),
    { objectPlace: "same-region" },
    "object.usd_per_gb_retrieved=0.01",
  );
  near(ia.retrieval_usd.value as number, 10.24);
});

test("shared storage of a rented site costs its capacity; crossing zones only widens the interval", () => {
  const u = usage(
    [{ tier: "remote", direction: "write", bytes: 1e12, requests: 10 }],
    { held: [{ tier: "remote", byteSeconds: 2 ** 40 * MONTH }] },
  );
  const m = priced(u, {});
  near(m.storage_usd.value as number, 1024 * 0.16);
  near(m.egress_usd.value as number, 0);
  near(m.egress_usd.high!, 1000 * 0.02);
});

test("GPUs without a name take the one of --hardware, and say so; without one the reason names the flag", () => {
  const nameless: Usage = {
    ...usage([]),
    devices: [{ kind: "gpu", count: 1, reservedSeconds: 3600, busySeconds: 3600 }],
  };
  const blind = priced(nameless, {});
  assert.equal(blind.energy_joules.value, null);
  assert.match(blind.energy_joules.reason!, /--hardware NAME/);
  const site = siteProfileSchema.parse({ name: "s", gridGramsPerKwh: 400, pue: 1.1 });
  const hardware = { name: "box", gpu: { key: "h100_sxm" }, ssds: [] };
  // deno-lint-ignore no-explicit-any
  const context = estimateContext(site, hardware as any, builtinFactors());
  const named = estimateUsage(nameless, context);
  assert.deepEqual(
    named.metrics.energy_joules,
    estimateUsage(usage([]), context).metrics.energy_joules,
  );
  assert.ok(named.notes.some((n) => /h100_sxm is taken, from hardware box/.test(n)));
});

test("a site out of range is refused by its name", () => {
  assert.throws(
    () => priced(usage([]), { pue: { low: 0.4, mid: 0.4, high: 0.4 } }),
    /site s: .*PUE/,
  );
});

test("estimate --object-place prices egress from a file; a mistyped place gets a guess", () => {
  const folder = mkdtempSync(join(tmpdir(), "egress-"));
  try {
    const file = join(folder, "usage.json");
    writeFileSync(file, JSON.stringify(usage([read(1e12)])));
    const run = (place: string) =>
      spillway(["estimate", file, "--site", "aws-us-east-1", "--json", "--object-place", place]);
    const done = run("other-region");
    assert.equal(done.code, 0, done.stderr);
    const document = JSON.parse(done.stdout);
    near(document.results[0].metrics.egress_usd.value, 20);
    assert.deepEqual(document.results[0].provenance.egress_usd.coefficients, [
      "object.usd_per_gb_other_region",
    ]);
    const wrong = run("same-regoin");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /did you mean "same-region"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
