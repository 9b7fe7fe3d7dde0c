import assert from "node:assert/strict";
import { test } from "node:test";
import * as math from "../../../src/model/llm_math.ts";
import { BUILTIN_HARDWARE } from "../../../src/model/profiles/builtin/hardware.ts";
import { BUILTIN_LLMS } from "../../../src/model/profiles/builtin/llm.ts";
import type { LlmProfile } from "../../../src/model/profiles/llm.ts";
import { lifeDays, ratedBytes } from "../../../src/model/ssd_math.ts";
import * as zero from "../../../src/model/zero_math.ts";
import {
  breakEven,
  exactLinearCoefficient,
  layerTimes,
  mooncakeMinimumBandwidth,
} from "../../../src/replay/offload/break_even.ts";
import { kiviAsymptote, kiviBytes } from "../../../src/replay/offload/compression.ts";
import {
  bestSplit,
  closedFormHiddenLayers,
  splitBytesPerToken,
  splitSeconds,
} from "../../../src/replay/offload/hcache_split.ts";
import { needsShared, sharedText } from "../../shared.ts";

function llm(name: string): LlmProfile {
  const found = BUILTIN_LLMS.find((p) => p.name === name);
  assert.ok(found, name);
  return found;
}

const fp8 = (profile: LlmProfile): LlmProfile => ({ ...profile, kvBytesPerElement: 1 });
const GIB = 2 ** 30;
const A100 = { bytesPerSecond: 27.6e9, flops: 312e12 * 0.7 };

const KV: readonly [string, string, number, number, number][] = [
  ["W01", "llama-2-7b", 524288, 262144, 0.5],
  ["W02", "llama-2-13b", 819200, 409600, 0.5],
  ["W03", "opt-30b", 1376256, 688128, 0.5],
  ["W04", "llama-3-70b", 327680, 1310720, 4],
  ["W05", "llama-3.1-8b", 131072, 262144, 2],
  ["W06", "llama-3.1-405b", 516096, 4128768, 8],
  ["W08", "qwen3-32b", 262144, 655360, 2.5],
  ["W09", "qwen3-0.6b", 114688, 57344, 0.5],
  ["W10", "qwen3-1.7b", 114688, 114688, 1],
];
for (const [id, name, kv, hidden, ratio] of KV) {
  test(`${id}: ${name} needs ${kv} B of KV and ${hidden} B of hidden states a token`, () => {
    assert.equal(math.kvBytesPerToken(llm(name)), kv);
    assert.equal(math.hiddenBytesPerToken(llm(name)), hidden);
    assert.equal(math.hiddenOverKv(llm(name)), ratio);
    assert.equal(breakEven(llm(name), 1024, A100).hiddenIsSmaller, ratio < 1);
  });
}

test("W04 and W05 in fp8 have half the KV bytes, and 131,072 tokens of Llama-3-70B are 40 GiB", () => {
  assert.equal(math.kvBytesPerToken(fp8(llm("llama-3-70b"))), 163840);
  assert.equal(math.kvBytesPerToken(fp8(llm("llama-3.1-8b"))), 65536);
  assert.equal(131072 * math.kvBytesPerToken(llm("llama-3-70b")), 40 * GIB);
});

test("W07: DeepSeek-V3 keeps the latent, not the expanded heads", () => {
  const model = llm("deepseek-v3");
  assert.equal(math.kvBytesPerToken(model), 70272);
  assert.equal(math.kvBytesPerToken(fp8(model)), 35136);
  assert.equal(math.expandedKvBytesPerToken(model), 4997120);
  assert.equal((4997120 / 70272).toFixed(3), "71.111");
  assert.equal(math.hiddenBytesPerToken(model), 874496);
  assert.equal(math.hiddenOverKv(model).toFixed(4), "12.4444");
});

test("W11 to W14: FLOPs of recomputing over those of projecting from hidden states", () => {
  const opt = llm("opt-30b");
  assert.equal(math.linearFlopsPerTokenLayer(opt), 1233125376);
  assert.equal(math.projectionFlopsPerTokenLayer(opt), 205520896);
  assert.equal(math.recomputeOverProjection(opt), 6);
  const seven = llm("llama-2-7b");
  assert.equal(math.linearFlopsPerTokenLayer(seven), 404750336);
  assert.equal(math.recomputeOverProjection(seven), 6.03125);
  const seventy = llm("llama-3-70b");
  assert.equal(math.linearFlopsPerTokenLayer(seventy), 1711276032);
  assert.equal(math.projectionFlopsPerTokenLayer(seventy), 33554432);
  assert.equal(math.recomputeOverProjection(seventy), 51);
  const overProjection = (tokens: number, causal: boolean) =>
    math.prefillFlops(seven, 0, tokens, causal) /
    (seven.layers * tokens * math.projectionFlopsPerTokenLayer(seven));
  assert.equal(overProjection(8192, true), 7.03125);
  assert.equal(overProjection(8192, false), 8.03125);
  assert.equal(overProjection(1024, true), 6.15625);
});

test("W15 and W17: OPT-30B restores 40 layers from hidden states and recomputes 8", () => {
  const model = llm("opt-30b");
  const times = layerTimes(model, 1024, { bytesPerSecond: 27.6e9, flops: 4 * 312e12 * 0.7 });
  assert.equal((times.readHidden * 1e6).toFixed(1), "531.9");
  assert.equal((times.project * 1e6).toFixed(1), "240.9");
  assert.equal((times.recompute * 1e6).toFixed(1), "1445.4");
  assert.equal(closedFormHiddenLayers(times, 48).toFixed(3), "39.956");
  const split = bestSplit(times, 48);
  assert.deepEqual(
    [split.complement, split.hiddenLayers, split.otherLayers],
    ["recompute", 40, 8],
  );
  assert.equal((split.seconds * 1e3).toFixed(3), "21.275");
  // The table's 51.062 is 48 times the rounded 1063.8 us; unrounded it is 51.0611.
  assert.equal((48 * times.readKv * 1e3).toFixed(4), "51.0611");
  assert.equal((48 * times.readKv / split.seconds).toFixed(3), "2.400");
  assert.equal((48 * times.recompute * 1e3).toFixed(3), "69.380");
  assert.equal((48 * times.recompute / split.seconds).toFixed(3), "3.261");
  const stored = splitBytesPerToken(
    split,
    math.hiddenBytesPerTokenLayer(model),
    math.kvBytesPerTokenLayer(model),
  );
  assert.equal(stored, 573440);
  assert.equal((math.kvBytesPerToken(model) / stored).toFixed(6), "2.400000");
});

test("W16 and W18: Llama-2-7B restores 31 layers from hidden states and loads 1 as KV", () => {
  const model = llm("llama-2-7b");
  const times = layerTimes(model, 1024, A100);
  assert.equal((times.readHidden * 1e6).toFixed(1), "303.9");
  assert.equal((times.readKv * 1e6).toFixed(1), "607.9");
  assert.equal((times.project * 1e6).toFixed(1), "314.6");
  assert.equal(closedFormHiddenLayers(times, 32).toFixed(3), "31.446");
  const split = bestSplit(times, 32);
  assert.deepEqual([split.complement, split.hiddenLayers, split.otherLayers], ["kv", 31, 1]);
  assert.equal((split.seconds * 1e3).toFixed(3), "10.030");
  assert.equal((32 * times.readKv * 1e3).toFixed(3), "19.452");
  assert.equal((32 * times.readKv / split.seconds).toFixed(3), "1.939");
  assert.equal((32 * times.recompute * 1e3).toFixed(2), "60.73");
  assert.equal((32 * times.recompute / split.seconds).toFixed(3), "6.055");
  const stored = splitBytesPerToken(
    split,
    math.hiddenBytesPerTokenLayer(model),
    math.kvBytesPerTokenLayer(model),
  );
  assert.equal((math.kvBytesPerToken(model) / stored).toFixed(6), "1.939394");
});

test("W19 and W20: Mooncake's equation 2 gives 5.8594 and 18.5735 GB/s", () => {
  const base = { prefixTokens: 8192, hidden: 8192, bytesPerElement: 2, groupSize: 8, a: 4 };
  const at = (flops: number, b: number) =>
    (mooncakeMinimumBandwidth({ ...base, flops: 8 * flops, b }) / 1e9).toFixed(4);
  assert.equal(at(312e12, 22), "5.8594");
  assert.equal(at(989e12, 22), "18.5735");
  const exact = exactLinearCoefficient(llm("llama-3-70b"));
  assert.equal(exact, 25.5);
  assert.equal(at(312e12, exact), "5.1642");
  assert.equal(at(989e12, exact), "16.3698");
});

test("W21 to W24: capacities, LMCache logs and chunks", () => {
  assert.equal(Math.floor(1e12 / math.kvBytesPerToken(llm("llama-3-70b"))), 3051757);
  const eight = math.kvBytesPerToken(llm("qwen3-8b"));
  assert.equal(eight, 147456);
  assert.equal((3866 * eight / GIB).toFixed(5), "0.53091");
  assert.equal((10010 * eight / GIB).toFixed(5), "1.37466");
  const qwen72: LlmProfile = { ...llm("llama-3-70b"), name: "qwen2.5-72b" };
  assert.equal(256 * math.kvBytesPerTokenRank(qwen72, 4), 20971520);
  assert.equal(4 * 20971520 / 256, math.kvBytesPerToken(qwen72));
  for (
    const [name, bytes] of [["llama-2-7b", 524288], ["llama-2-13b", 655360], ["opt-30b", 917504]]
  ) {
    assert.equal(64 * math.hiddenBytesPerTokenLayer(llm(name as string)), bytes);
  }
});

test("W25: KIVI with 2 bits is 4.6972 times smaller at 4,096 tokens, not 8", () => {
  const elements = 2 * 32 * 4096;
  const bytes = kiviBytes(4096, elements, { bits: 2, group: 32, residual: 128 });
  assert.equal(bytes, 457179136);
  assert.equal(4096 * elements * 2, 2147483648);
  assert.equal((2147483648 / bytes).toFixed(4), "4.6972");
  assert.equal(kiviAsymptote(2, 32).toFixed(4), "5.3333");
});

test("W26 to W28 and W34, W36: ZeRO memory, streaming efficiency, optimizer and checkpoint bytes", () => {
  const three = zero.zero3OffloadBytes(2851e6, 32e6);
  assert.equal((three.cpuBytes / GIB).toFixed(2), "71.69");
  assert.equal((three.gpuBytes / GIB).toFixed(2), "0.12");
  assert.equal((zero.zero2GpuBytes(2851e6, 8) / GIB).toFixed(2), "11.28");
  assert.equal(zero.streamingEfficiency(2048, 60e9, 70e12).toFixed(4), "0.6371");
  assert.equal(zero.streamingEfficiency(512, 1500e9, 70e12).toFixed(4), "0.9165");
  assert.equal(zero.streamingEfficiency(24 * 8192, 4e9, 70e12).toFixed(4), "0.9183");
  assert.equal(zero.nvmeOptimizerBytesPerStep(6738415616), 80860987392);
  const gib = (parameters: number) =>
    (zero.mixedPrecisionCheckpointBytes(parameters) / GIB).toFixed(2);
  assert.deepEqual(
    [gib(8.03e9), gib(70.553706e9 - 671088640), gib(405.85e9)],
    ["104.70", "911.17", "5291.68"],
  );
  assert.equal(gib(70.553706e9), "919.92");
});

test("W32 and W33: wear of writing every new block of the conversation trace once", () => {
  const bytes = 182790 * 512 * math.kvBytesPerToken(llm("llama-3-70b"));
  assert.equal(bytes, 30667073126400);
  const rate = bytes / 3536.999;
  assert.equal((rate / 1e9).toFixed(3), "8.670");
  assert.equal((rate * 86400 / 1e12).toFixed(1), "749.1");
  assert.equal(lifeDays(140160e12, rate).toFixed(1), "187.1");
  assert.equal(lifeDays(282600e12, rate).toFixed(1), "377.2");
  assert.equal(lifeDays(2400e12, rate).toFixed(1), "3.2");
  assert.equal(ratedBytes(3.2e12, 3, 5), 17520e12);
});

test("W35: built-in links lose 0.713 of their bandwidth in each direction when both run", () => {
  for (const profile of BUILTIN_HARDWARE) {
    assert.equal(profile.links.duplexFactor.value.toFixed(3), "0.713");
  }
});

test("break-even bandwidths of section 3", () => {
  const wide = (name: string, flops: number) =>
    breakEven(llm(name), 1024, { bytesPerSecond: 27.6e9, flops });
  const gbps = (value: number | null) => (value! / 1e9).toFixed(1);
  assert.equal(gbps(wide("llama-2-7b", 312e12 * 0.5).hiddenBeatsKvBelow), "38.1");
  assert.equal(gbps(wide("llama-2-7b", 989e12 * 0.5).hiddenBeatsKvBelow), "120.7");
  assert.equal((wide("opt-6.7b", 312e12 * 0.5).hiddenBeatsRecompute! / 1e9).toFixed(2), "3.17");
  assert.equal((wide("llama-2-7b", 312e12 * 0.5).kvBeatsRecompute / 1e9).toFixed(2), "6.31");
  assert.equal(wide("llama-3-70b", 312e12).hiddenBeatsKvBelow, null);
  const eight = breakEven(llm("llama-3-8b"), 1024, A100);
  assert.deepEqual(
    [eight.kvSeconds, eight.hiddenSeconds, eight.recomputeSeconds].map((s) => (s * 1e3).toFixed(2)),
    ["4.86", "9.73", "65.45"],
  );
  const seventy = breakEven(llm("llama-3-70b"), 1024, { ...A100, flops: 8 * A100.flops });
  assert.deepEqual(
    [seventy.kvSeconds, seventy.hiddenSeconds, seventy.recomputeSeconds].map((s) =>
      (s * 1e3).toFixed(1)
    ),
    ["12.2", "48.6", "80.2"],
  );
});

test("a mixed split is never slower than its pure parts, and more bandwidth never slower", () => {
  for (const model of BUILTIN_LLMS) {
    let before = Infinity;
    for (let gbps = 1; gbps < 500; gbps *= 1.7) {
      const times = layerTimes(model, 4096, { bytesPerSecond: gbps * 1e9, flops: 2e14 });
      const split = bestSplit(times, model.layers);
      for (const complement of ["recompute", "kv"] as const) {
        for (const hidden of [0, model.layers]) {
          assert.ok(split.seconds <= splitSeconds(times, model.layers, hidden, complement));
        }
      }
      assert.ok(split.seconds <= before, `${model.name} at ${gbps} GB/s`);
      before = split.seconds;
    }
  }
});

const TABLE = "tables/offload/models.csv";
test("every row of the model table has the bytes and FLOPs that are built in", {
  skip: needsShared(TABLE),
}, () => {
  const [head, ...lines] = sharedText(TABLE).trim().split("\n");
  const names = head.split(",");
  let compared = 0;
  for (const line of lines) {
    const cells = [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]);
    const row = Object.fromEntries(names.map((n, i) => [n, cells[i]]));
    const key = row.model.split("/").at(-1)!.toLowerCase()
      .replace(/-17b-\d+e/, "").replace("meta-", "").replace(/-(instruct|base|v0\.1)$/, "");
    const profile = llm(key);
    assert.equal(math.kvBytesPerToken(profile), Number(row.kv_B_per_token_bf16), key);
    assert.equal(math.hiddenBytesPerToken(profile), Number(row.hidden_B_per_token_bf16), key);
    assert.equal(
      Number((math.linearFlopsPerTokenLayer(profile) / 1e6).toFixed(3)),
      Number(row.recompute_linear_MFLOP_per_token_layer),
      key,
    );
    compared++;
  }
  assert.equal(compared, BUILTIN_LLMS.length);
});
