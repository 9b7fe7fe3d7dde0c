import type { LinearTerm } from "../../../model/linear_program.ts";
import {
  attentionFlopsPerPair,
  hiddenBytesPerTokenLayer,
  kvBytesPerTokenLayer,
  linearFlopsPerTokenLayer,
} from "../../../model/llm_math.ts";
import type { LlmProfile } from "../../../model/profiles/llm.ts";
import type { FlexGenMemory, FlexGenRates } from "./constants.ts";

/** Where weights, cache and hidden states lie: shares on GPU (g), host (c) and disk (n), each summing to 1. */
export interface Placement {
  readonly wg: number;
  readonly wc: number;
  readonly wn: number;
  readonly cg: number;
  readonly cc: number;
  readonly cn: number;
  readonly hg: number;
  readonly hc: number;
  readonly hn: number;
}

/** A generation: prompts of `s` tokens, `n` new ones, blocks of `bls` sequences in batches of `gbs`. */
export interface FlexGenJob {
  readonly llm: LlmProfile;
  readonly s: number;
  readonly n: number;
  readonly bls: number;
  readonly gbs: number;
}

/** A linear form of the shares: terms and a constant. */
export interface Form {
  readonly terms: readonly LinearTerm[];
  readonly constant: number;
}

function form(constant: number, ...terms: LinearTerm[]): Form {
  return { terms, constant };
}

function plus(...forms: readonly Form[]): Form {
  return {
    terms: forms.flatMap((f) => f.terms),
    constant: forms.reduce((sum, f) => sum + f.constant, 0),
  };
}

function times(factor: number, f: Form): Form {
  return {
    terms: f.terms.map(([c, name]): LinearTerm => [factor * c, name]),
    constant: factor * f.constant,
  };
}

export function evaluate(f: Form, placement: Placement): number {
  return f.terms.reduce(
    (sum, [c, name]) => sum + c * placement[name as keyof Placement],
    f.constant,
  );
}

/** Speed of the CPU's attention: slower for small batches and narrow models, never below a tenth. */
function cpuRate(rates: FlexGenRates, gbs: number, hidden: number): number {
  const [small, narrow] = [Math.log2(64 / gbs), Math.log2(4096 / hidden)].map((x) =>
    Math.max(0, x)
  );
  return rates.cpu * Math.max(0.1, 1 + 0.0168 * small * narrow - 0.0328 * small - 0.0621 * narrow);
}

/** The parts of `Tpre` (the longest counts) and of `Tgen` (the longest follows the first), seconds a layer. */
export interface LayerTimes {
  readonly prefill: readonly Form[];
  readonly decode: readonly Form[];
}

/**
 * Times of a layer (FlexGen, ICML 2023, section 4.3; experiments/cost_model.py). Symbols of the paper: weights of
 * a layer `wi`, cache of a token `kv`, hidden state of a token `hb`.
 */
export function layerTimes({ llm, s, n, bls, gbs }: FlexGenJob, rates: FlexGenRates): LayerTimes {
  const wi = linearFlopsPerTokenLayer(llm);
  const kv = kvBytesPerTokenLayer(llm);
  const hb = hiddenBytesPerTokenLayer(llm);
  const pair = attentionFlopsPerPair(llm);
  const mean = s + n / 2;
  const ctogP = times(
    1 / rates.hostToGpu,
    form(0, [wi, "wc"], [wi, "wn"], [s * hb * bls, "hc"], [
      s * hb * bls,
      "hn",
    ]),
  );
  const dtocP = times(1 / rates.diskToHost, form(0, [wi, "wn"], [s * hb * bls, "hn"]));
  const gtocP = plus(
    times(
      1 / rates.gpuToHostCache,
      form(0, [(s + 1) * kv * bls, "cc"], [(s + 1) * kv * bls, "cn"]),
    ),
    times(1 / rates.gpuToHostHidden, form(0, [s * hb * bls, "hc"], [s * hb * bls, "hn"])),
  );
  const ctodP = plus(
    times(1 / rates.hostToDiskCachePrefill, form(0, [bls * (s + 1) * kv, "cn"])),
    times(1 / rates.hostToDiskHiddenPrefill, form(0, [s * hb * bls, "hn"])),
  );
  const compP = form(
    bls * s * wi / rates.matrixPrefill + bls * s * s * pair / rates.attentionPrefill,
  );
  const ctogG = times(
    1 / rates.hostToGpu,
    form(0, [wi, "wc"], [wi, "wn"], [hb * bls, "hc"], [
      hb * bls,
      "hn",
    ]),
  );
  const gtocG = times(1 / rates.gpuToHostHidden, form(0, [hb * bls, "hc"], [hb * bls, "hn"]));
  const dtocG = plus(
    times(1 / rates.diskToHost, form(0, [bls * mean * kv, "cn"], [hb * bls, "hn"])),
    times(1 / (0.95 * rates.diskToHost), form(0, [wi, "wn"])),
  );
  const ctodG = times(1 / rates.hostToDiskDecode, form(0, [bls * kv, "cn"], [hb * bls, "hn"]));
  const cpu = cpuRate(rates, gbs, llm.hidden);
  const compG = form(
    bls * wi / rates.matrixDecode,
    [bls * mean * pair / rates.attentionDecode, "cg"],
    [bls * mean * pair / cpu, "cc"],
    [bls * mean * pair / cpu, "cn"],
  );
  return {
    prefill: [plus(ctogP, dtocP), plus(gtocP, ctodP), compP],
    decode: [gtocG, dtocG, ctodG, compG].map((f) => plus(f, ctogG)),
  };
}

/** Peak memory by place; each list must stay below the place's memory. */
export function peakMemory(
  { llm, s, n, bls, gbs }: FlexGenJob,
): { readonly [K in keyof FlexGenMemory]: readonly Form[] } {
  const wi = linearFlopsPerTokenLayer(llm);
  const kv = kvBytesPerTokenLayer(llm);
  const hb = hiddenBytesPerTokenLayer(llm);
  const l = llm.layers;
  const heads = llm.queryHeads;
  const all = s + n;
  // Working set of a layer: queries, keys, values, scores, both feed-forward sides.
  const workP = gbs * s * (9 * hb + 2 * llm.ffn) + 2 * gbs * heads * s * s;
  const gpuP = plus(
    form(workP, [wi * l, "wg"], [s * hb * bls, "hg"], [all * kv * bls * l, "cg"]),
    form(2 * wi + s * hb * gbs, [-2 * wi, "wg"], [-s * hb * gbs, "hg"]),
  );
  const workG = form(gbs * (7 * hb + 2 * llm.ffn), [
    gbs * (2 * hb + all * kv + 2 * heads * all),
    "cg",
  ]);
  const gpuG = plus(
    workG,
    form(0, [wi * l, "wg"], [hb * bls, "hg"], [all * kv * bls * l, "cg"]),
    form(2 * wi + hb * gbs, [-2 * wi, "wg"], [-hb * gbs, "hg"], [gbs * all * kv, "cg"]),
  );
  const hostP = plus(
    form(0, [wi * l, "wc"], [s * hb * bls, "hc"], [s * kv * bls * l, "cc"]),
    form(wi + s * hb * gbs, [-wi, "wg"], [-s * hb * gbs, "hg"]),
  );
  const hostG = form(
    2 * heads * all * gbs + hb * gbs,
    [wi * l, "wc"],
    [hb * bls, "hc"],
    [all * kv * bls * l, "cc"],
    [wi, "wn"],
    [2 * hb * gbs, "hn"],
    [2 * all * kv * gbs, "cn"],
  );
  const disk = form(0, [wi * l, "wn"], [s * hb * bls, "hn"], [all * kv * bls * l, "cn"]);
  return { gpu: [gpuP, gpuG], host: [hostP, hostG], disk: [disk] };
}

/** `T = Tpre*l + Tgen*(n-1)*l` of a placement. */
export function generationSeconds(
  job: FlexGenJob,
  rates: FlexGenRates,
  placement: Placement,
): { prefillLayer: number; decodeLayer: number; seconds: number } {
  const { prefill, decode } = layerTimes(job, rates);
  const longest = (forms: readonly Form[]) => Math.max(...forms.map((f) => evaluate(f, placement)));
  const [prefillLayer, decodeLayer] = [longest(prefill), longest(decode)];
  const seconds = (prefillLayer + decodeLayer * (job.n - 1)) * job.llm.layers;
  return { prefillLayer, decodeLayer, seconds };
}
