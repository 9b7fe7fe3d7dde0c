import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyResult } from "../../../src/model/results.ts";
import { anomalies } from "../../../src/replay/offload/anomalies.ts";
import { verdict } from "../../../src/replay/offload/verdict.ts";
import { hardware, llm, PLAIN_HARDWARE, serve, type TestRequest } from "./serve.ts";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Sixteen long prompts in turn, asked again after all the others: GPU memory holds few of them. */
const RETURNING: TestRequest[] = Array.from({ length: 48 }, (_, i) => ({
  at: 4 * i,
  input: 6400,
  output: 8,
  blocks: range((i % 16) * 100, (i % 16) * 100 + 100),
}));

async function result(
  policy: string,
  profiles: Parameters<typeof serve>[3] = {},
  params: Record<string, number> = {},
  lossy = false,
): Promise<PolicyResult> {
  const { outcome } = await serve(
    policy,
    RETURNING,
    { gpuBlocks: 300, intervals: true, ...params },
    profiles,
  );
  return {
    policy,
    family: "offload",
    params,
    metrics: outcome.metrics,
    usage: outcome.usage,
    detail: outcome.detail,
    legend: { summary: "", reference: "", lossy },
  };
}

test("the verdict says that offload pays, from which distance, length, bandwidth and reuse on", async () => {
  const results = [await result("recompute"), await result("kv-offload")];
  const text = verdict(results);
  assert.match(text, /^Offload pays: kv-offload/);
  assert.match(text, /reused after more than 19.200 other tokens/);
  assert.match(text, /prefixes of 349 tokens or more/);
  // Blocks are reused whole, so a shorter prefix than one is never met.
  const short = results.map((r) => {
    const table = { ...r.detail!.breakEven as object, shortestPrefixFromHostTokens: 2 };
    return { ...r, detail: { ...r.detail, breakEven: table } };
  });
  const swept = results.map((r) =>
    r.policy === "recompute" ? r : { ...r, swept: { dram: "8GiB" } }
  );
  assert.match(
    verdict(swept),
    /^Offload pays: kv-offload dram=8GiB \(.* with kv-offload dram=8GiB,/,
  );
  assert.match(verdict(short), /prefixes of one block \(64 tokens\) or more/);
  assert.match(text, /stops paying when the host link gives less than [0-9.]+ [kMG]B\/s/);
  assert.match(text, /no longer worth 5 % when below about [0-9.]+ % of the input tokens/);
});

test("the verdict says that offload does not pay, and why", async () => {
  const slow = {
    ...PLAIN_HARDWARE,
    links: {
      ...PLAIN_HARDWARE.links,
      hostToDevice: { value: 1e8, evidence: "assumed" as const, source: "test" },
    },
  };
  const text = verdict([
    await result("recompute", { hardware: slow }),
    await result("kv-offload", { hardware: slow }),
  ]);
  assert.match(text, /^Offload does not pay here/);
  assert.match(text, /loading is slower than recomputing: it needs/);
  assert.match(text, /can pay here only for blocks reused after more than 19.200 other tokens/);
  // Only policies with tiers know a host link that was set.
  const set = verdict([
    await result("recompute"),
    await result("kv-offload", {}, { hostBandwidth: 1e8 }),
  ]);
  assert.match(set, /it needs 4\.695 GB\/s, the host link gives 100 MB\/s/);
});

test("without both sides there is no verdict, and it says what is missing", async () => {
  assert.match(verdict([await result("recompute")]), /add a policy with tiers \(kv-offload\)/);
  assert.match(verdict([await result("kv-offload")]), /add recompute/);
});

test("half the bytes and 1/6 of the compute is said of multi-head attention alone", async () => {
  const both = async (name: string, machine = "h100_sxm") => {
    const profiles = { llm: llm(name), hardware: hardware(machine) };
    return verdict([await result("recompute", profiles), await result("kv-offload", profiles)]);
  };
  assert.match(await both("llama-2-7b"), /half the bytes of the KV cache and 1\/6 of the compute/);
  const seventy = await both("llama-3-70b", "h100_sxm-x8");
  assert.match(seventy, /llama-3-70b: hidden states are 4\.0x the KV bytes.*not recommended/);
  assert.doesNotMatch(seventy, /half the bytes/);
  const small = await both("qwen3-0.6b");
  assert.match(
    small,
    /qwen3-0\.6b: hidden states are 0\.50x the KV bytes, so restoring from them can pay/,
  );
  assert.doesNotMatch(small, /1\/6/);
  assert.match(await both("qwen3-1.7b"), /1\.0x the KV bytes.*not recommended/);
});

test("a lossy policy is never the one recommended", async () => {
  const text = verdict([
    await result("recompute"),
    await result("kv-offload"),
    await result("compress", {}, {}, true),
  ]);
  assert.match(text, /^Offload pays: kv-offload/);
  assert.match(text, /Lossy policies change the answers/);
});

test("a sweep in which more memory or bandwidth makes things worse is said to be an anomaly", async () => {
  const [base] = [await result("kv-offload")];
  const at = (dram: number, ratio: number): PolicyResult => ({
    ...base,
    params: { dram },
    metrics: {
      ...base.metrics,
      token_reuse_ratio: { value: ratio, unit: "ratio", evidence: "modelled" },
    },
  });
  assert.deepEqual(anomalies([at(1e9, 0.5), at(2e9, 0.6)]), []);
  const [sentence] = anomalies([at(1e9, 0.5), at(2e9, 0.4)]);
  assert.match(
    sentence,
    /kv-offload with dram=2000000000 has token_reuse_ratio 40 %, worse than 50 %/,
  );
  assert.deepEqual(anomalies([at(1e9, 0.5), { ...at(2e9, 0.4), policy: "hcache" }]), []);
});

test("nothing is concluded from a trace without block ids, or when no request ended", async () => {
  const of = async (policy: string, rows: TestRequest[], params: Record<string, number>) => {
    const { outcome } = await serve(policy, rows, params);
    const { metrics, usage, detail } = outcome;
    const legend = { summary: "", reference: "", lossy: false };
    return { policy, family: "offload", params: {}, metrics, usage, detail, legend };
  };
  const plain: TestRequest[] = [{ at: 0, input: 1000, output: 4 }];
  const blind = verdict([await of("recompute", plain, {}), await of("kv-offload", plain, {})]);
  assert.match(blind, /^No verdict on offload: the trace has no block ids/);
  const tight = { gpuBlocks: 10 };
  const refused = verdict([
    await of("recompute", RETURNING, tight),
    await of("kv-offload", RETURNING, tight),
  ]);
  assert.match(refused, /^No verdict on offload: no request ended/);
});

test("under overload the verdict says that times are waiting, or that offload is what keeps up", async () => {
  const [with_, without] = [await result("kv-offload"), await result("recompute")];
  const behind = (r: PolicyResult, behindSeconds: number | null): PolicyResult => ({
    ...r,
    detail: { ...r.detail, behindSeconds },
  });
  assert.doesNotMatch(verdict([with_, without]), /keep up/);
  assert.match(
    verdict([with_, behind(without, 900)]),
    /Without offload the machine cannot keep up with this trace; with kv-offload it does/,
  );
  assert.match(
    verdict([behind(with_, 600), behind(without, 900)]),
    /cannot keep up .* either way \(the last answer comes 10 min after .*: it serves .* instead of .* requests a second/,
  );
  const crowd = RETURNING.map((row) => ({ ...row, at: row.at / 4000 }));
  const many = range(0, 9).flatMap(() => crowd);
  const { outcome } = await serve("none", many, { maxSequences: 1 });
  assert.ok(Number(outcome.detail!.behindSeconds) > 60);
  assert.equal(without.detail!.behindSeconds, null);
});
