import { type GgufTensor, type GgufValue, writeGguf } from "./gguf.ts";

/** Shape of a generated llama-architecture model. */
export interface ModelShape {
  readonly name: string;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly ffn: number;
  readonly vocab: number;
  readonly contextTokens: number;
}

/** The generated models: random weights cost the same time and bytes as trained ones. */
export const MODEL_SHAPES: readonly ModelShape[] = [
  {
    name: "29m-mha",
    layers: 6,
    hidden: 512,
    heads: 8,
    kvHeads: 8,
    ffn: 1408,
    vocab: 10_240,
    contextTokens: 8192,
  },
  {
    name: "110m-mha",
    layers: 12,
    hidden: 768,
    heads: 12,
    kvHeads: 12,
    ffn: 2048,
    vocab: 16_384,
    contextTokens: 8192,
  },
  {
    name: "110m-gqa",
    layers: 12,
    hidden: 768,
    heads: 12,
    kvHeads: 4,
    ffn: 2304,
    vocab: 16_384,
    contextTokens: 8192,
  },
];

/** Bytes of KV cache a token takes with 16-bit elements: 2 (K and V) x layers x KV width x 2. */
export function kvBytesPerToken(shape: ModelShape): number {
  return 2 * shape.layers * (shape.hidden / shape.heads) * shape.kvHeads * 2;
}

/** Number of weights. */
export function parameterCount(shape: ModelShape): number {
  const kv = (shape.hidden / shape.heads) * shape.kvHeads;
  const layer = 2 * shape.hidden * shape.hidden + 2 * shape.hidden * kv +
    3 * shape.hidden * shape.ffn + 2 * shape.hidden;
  return shape.layers * layer + 2 * shape.vocab * shape.hidden + shape.hidden;
}

/** xorshift32: fast and seeded; the weights only need to be alike, not good. */
function wordGenerator(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Half-precision bits of a number of moderate size (no subnormals, no infinities needed here). */
export function halfBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/** Fills with normal half-precision numbers of the given deviation, drawn from a table of 4,096. */
function weightFiller(next: () => number, deviation: number): (piece: Uint8Array) => void {
  const table = new Uint16Array(4096);
  for (let i = 0; i < table.length; i++) {
    // Sum of four uniforms: near enough to normal, and deterministic.
    let sum = 0;
    for (let j = 0; j < 4; j++) sum += next() / 2 ** 32 - 0.5;
    table[i] = halfBits(sum * Math.sqrt(3) * deviation);
  }
  return (piece) => {
    const words = new Uint16Array(piece.buffer, piece.byteOffset, piece.byteLength / 2);
    for (let i = 0; i < words.length; i++) words[i] = table[next() >>> 20];
  };
}

function ones(piece: Uint8Array): void {
  new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4).fill(1);
}

function tensorsOf(shape: ModelShape, seed: number): GgufTensor[] {
  const next = wordGenerator(seed);
  const { hidden, ffn, vocab } = shape;
  const kv = (hidden / shape.heads) * shape.kvHeads;
  const matrix = (name: string, columns: number, rows: number): GgufTensor => ({
    name: `${name}.weight`,
    shape: [columns, rows],
    type: "f16",
    fill: weightFiller(next, 1 / Math.sqrt(columns)),
  });
  const norm = (name: string): GgufTensor => ({
    name: `${name}.weight`,
    shape: [hidden],
    type: "f32",
    fill: ones,
  });
  const layers = Array.from({ length: shape.layers }, (_, i) => [
    norm(`blk.${i}.attn_norm`),
    matrix(`blk.${i}.attn_q`, hidden, hidden),
    matrix(`blk.${i}.attn_k`, hidden, kv),
    matrix(`blk.${i}.attn_v`, hidden, kv),
    matrix(`blk.${i}.attn_output`, hidden, hidden),
    norm(`blk.${i}.ffn_norm`),
    matrix(`blk.${i}.ffn_gate`, hidden, ffn),
    matrix(`blk.${i}.ffn_up`, hidden, ffn),
    matrix(`blk.${i}.ffn_down`, ffn, hidden),
  ]).flat();
  return [
    matrix("token_embd", hidden, vocab),
    ...layers,
    norm("output_norm"),
    matrix("output", hidden, vocab),
  ];
}

/** Token types of llama.cpp's vocabulary. */
const TOKEN = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

function metadataOf(shape: ModelShape): [string, GgufValue][] {
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  const tokens: string[] = [];
  const types = new Int32Array(shape.vocab);
  const scores = new Float32Array(shape.vocab);
  for (let id = 0; id < shape.vocab; id++) {
    if (id < 3) {
      tokens.push(["<unk>", "<s>", "</s>"][id]);
      types[id] = id === 0 ? TOKEN.unknown : TOKEN.control;
    } else if (id < 259) {
      tokens.push(`<0x${(id - 3).toString(16).toUpperCase().padStart(2, "0")}>`);
      types[id] = TOKEN.byte;
    } else {
      tokens.push(`▁w${id}`);
      types[id] = TOKEN.normal;
      scores[id] = -id;
    }
  }
  return [
    ["general.architecture", { type: "string", value: "llama" }],
    ["general.name", { type: "string", value: `spillway random ${shape.name}` }],
    ["general.file_type", u32(1)],
    ["llama.block_count", u32(shape.layers)],
    ["llama.context_length", u32(shape.contextTokens)],
    ["llama.embedding_length", u32(shape.hidden)],
    ["llama.feed_forward_length", u32(shape.ffn)],
    ["llama.attention.head_count", u32(shape.heads)],
    ["llama.attention.head_count_kv", u32(shape.kvHeads)],
    ["llama.attention.layer_norm_rms_epsilon", { type: "f32", value: 1e-5 }],
    ["llama.rope.dimension_count", u32(shape.hidden / shape.heads)],
    ["llama.vocab_size", u32(shape.vocab)],
    ["tokenizer.ggml.model", { type: "string", value: "llama" }],
    ["tokenizer.ggml.tokens", { type: "strings", value: tokens }],
    ["tokenizer.ggml.scores", { type: "f32s", value: scores }],
    ["tokenizer.ggml.token_type", { type: "i32s", value: types }],
    ["tokenizer.ggml.unknown_token_id", u32(0)],
    ["tokenizer.ggml.bos_token_id", u32(1)],
    ["tokenizer.ggml.eos_token_id", u32(2)],
  ];
}

/**
 * Writes a llama model with seeded random weights and returns the file's size in bytes. The same shape
 * and seed give the same bytes.
 */
export function writeRandomModel(path: string, shape: ModelShape, seed: number): number {
  return writeGguf(path, metadataOf(shape), tensorsOf(shape, seed));
}
