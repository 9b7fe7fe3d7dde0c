import type { LlmProfile } from "../../model/profiles/llm.ts";
import { copyRestore, type Strategy, type TokenRestore } from "./build.ts";
import type { TieredParams } from "./engine_params.ts";
import { kvLinkBytesPerToken, type Machine } from "./machine.ts";

/**
 * Bytes of a KV cache quantised as KIVI does (ICML 2024): `(N-R)*e*(bits/8 + 2*2/G) + R*e*2`, where e is
 * the number of elements a token has, groups of G share a 16-bit scale and a 16-bit zero, and the last R
 * tokens stay in 16 bits.
 */
export function kiviBytes(
  tokens: number,
  elementsPerToken: number,
  options: { bits: number; group: number; residual: number },
): number {
  const residual = Math.min(tokens, options.residual);
  return (tokens - residual) * elementsPerToken * (options.bits / 8 + 4 / options.group) +
    residual * elementsPerToken * 2;
}

/** KIVI's ratio for long contexts: `16 / (bits + 32/G)`, 5.33 for 2 bits in groups of 32, not 8. */
export function kiviAsymptote(bits: number, group: number): number {
  return 16 / (bits + 32 / group);
}

export const COMPRESSION_METHODS = ["kivi", "cachegen", "h2o", "pqcache", "impress"] as const;

export interface CompressionParams extends TieredParams {
  readonly method: typeof COMPRESSION_METHODS[number];
  readonly bits: number;
  readonly group: number;
  readonly residual: number;
  readonly levels: readonly number[];
  readonly decodeRate: number;
  readonly keep: number;
  readonly inGpu: boolean;
}

const LOSSY =
  "Lossy: the answers change, and how much is not modelled; check accuracy before using it.";

/** Bits of PQCache's codes for a key vector: 2 sub-vectors of 6 bits. */
const PQ_CODE_BYTES = 12 / 8;

/**
 * CacheGen keeps each block once for every level of its coder and loads, request by request, the level that
 * is predicted to be ready first on the links as they are then: bytes over the rate, or decoding; or it
 * computes the text again when that is faster. Decoding takes GPU time.
 */
function cacheGenRestores(
  plain: number,
  machine: Machine,
  params: CompressionParams,
): TokenRestore[] {
  const decodeSeconds = plain / (params.decodeRate * machine.gpus);
  return params.levels.map((level) => ({
    name: `cachegen ${level}x`,
    loadedBytesPerToken: plain / level,
    restoreFlops: (from, to) => level === 1 ? 0 : (to - from) * decodeSeconds * machine.flops,
  }));
}

/** Bytes stored and loaded by a compression method; the restore's arithmetic is negligible but for CacheGen. */
export function compressionOf(
  llm: LlmProfile,
  machine: Machine,
  params: CompressionParams,
): Strategy {
  const plain = kvLinkBytesPerToken(llm, machine);
  const small = params.inGpu && (params.method === "kivi" || params.method === "h2o");
  const of = (stored: number, loaded: number, note: string): Strategy => ({
    reuse: true,
    ...(small ? { gpuBytesRatio: stored / plain } : {}),
    storedBytesPerToken: stored,
    restores: [copyRestore(params.method, loaded)],
    notes: [LOSSY, note],
  });
  switch (params.method) {
    case "kivi": {
      // The last R tokens of a sequence stay in the GPU; stored blocks are quantised whole.
      const ratio = kiviAsymptote(params.bits, params.group);
      const at4k = 4096 * 2 /
        kiviBytes(4096, 1, { bits: params.bits, group: params.group, residual: params.residual });
      return of(
        plain / ratio,
        plain / ratio,
        `KIVI with ${params.bits} bits in groups of ${params.group}: ${
          ratio.toFixed(2)
        }x smaller in the ` +
          `tiers, ${
            at4k.toFixed(2)
          }x for a sequence of 4,096 tokens with ${params.residual} kept in 16 bits.`,
      );
    }
    case "cachegen": {
      const restores = cacheGenRestores(plain, machine, params);
      return {
        reuse: true,
        storedBytesPerToken: restores.reduce((sum, r) => sum + r.loadedBytesPerToken, 0),
        restores,
        load: "cheapest",
        notes: [
          LOSSY,
          `CacheGen: each block is kept at the levels ${
            params.levels.join(", ")
          } (ratios to plain KV); ` +
          "the level predicted to be ready first is loaded for each request, or its text computed again.",
        ],
      };
    }
    case "h2o":
      return of(
        plain * params.keep,
        plain * params.keep,
        `H2O: ${params.keep * 100} % of the tokens (heavy hitters and recent ones) are kept.`,
      );
    case "pqcache": {
      const { tensorParallel: ranks } = machine;
      const codes = ranks * Math.ceil(llm.kvHeads / ranks) * llm.layers * PQ_CODE_BYTES;
      return of(
        plain + codes,
        plain * params.keep + codes,
        `PQCache: everything is stored with its codes, ${
          params.keep * 100
        } % of the tokens are read.`,
      );
    }
    case "impress":
      return of(
        plain,
        plain * params.keep,
        `IMPRESS: everything is stored, the important ${
          params.keep * 100
        } % of the prefix is read.`,
      );
  }
}
