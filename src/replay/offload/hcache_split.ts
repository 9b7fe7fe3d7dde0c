/** Times of one layer for restoring N tokens, seconds. */
export interface LayerTimes {
  /** Reading the hidden states of the layer. */
  readonly readHidden: number;
  /** Reading the KV cache of the layer. */
  readonly readKv: number;
  /** Projecting K and V from the hidden states. */
  readonly project: number;
  /** Computing the layer from tokens. */
  readonly recompute: number;
}

/** What the layers not restored from hidden states do instead. */
export type Complement = "recompute" | "kv";

export interface Split {
  readonly complement: Complement;
  readonly hiddenLayers: number;
  readonly otherLayers: number;
  readonly seconds: number;
}

/**
 * Time of restoring with `hidden` of `layers` layers from hidden states and the rest by the complement.
 * Reading and computing overlap layer by layer (HCache, EuroSys 2025). With `fill` the first layer's read
 * and the last layer's projection stick out of the overlap, which papers leave out.
 */
export function splitSeconds(
  times: LayerTimes,
  layers: number,
  hidden: number,
  complement: Complement,
  fill = false,
): number {
  const other = layers - hidden;
  const reads = hidden * times.readHidden + (complement === "kv" ? other * times.readKv : 0);
  const computes = hidden * times.project +
    (complement === "recompute" ? other * times.recompute : 0);
  const overlapped = Math.max(reads, computes);
  if (!fill || hidden === 0) return overlapped;
  // Recomputed layers are the first ones: they hide the first read, KV layers do not.
  const first = complement === "recompute" && other > 0
    ? 0
    : Math.min(times.readHidden, times.project);
  const last = Math.min(times.readHidden, times.project);
  return overlapped + Math.max(first, reads >= computes ? last : first);
}

/** The complement that HCache takes: recomputed layers while reading is the bottleneck, else KV layers. */
export function paperComplement(times: LayerTimes): Complement {
  return times.project <= times.readHidden ? "recompute" : "kv";
}

/**
 * The bubble-free split: every number of hidden layers with the given complements, the fastest one. Of
 * equal times the first complement and the most hidden layers win.
 */
export function bestSplit(
  times: LayerTimes,
  layers: number,
  fill = false,
  complements: readonly Complement[] = ["recompute", "kv"],
): Split {
  let best: Split | null = null;
  for (const complement of complements) {
    for (let hidden = layers; hidden >= 0; hidden--) {
      const seconds = splitSeconds(times, layers, hidden, complement, fill);
      if (best === null || seconds < best.seconds) {
        best = { complement, hiddenLayers: hidden, otherLayers: layers - hidden, seconds };
      }
    }
  }
  return best!;
}

/**
 * The closed form of the split: layers from hidden states as a real number. When projecting takes no longer
 * than reading, `L*C_T/(C_T + IO_H - C_H)` with recomputed layers, else `L*IO_KV/(IO_KV + C_H - IO_H)` with
 * KV layers.
 */
export function closedFormHiddenLayers(times: LayerTimes, layers: number): number {
  const { readHidden, readKv, project, recompute } = times;
  return project <= readHidden
    ? layers * recompute / (recompute + readHidden - project)
    : layers * readKv / (readKv + project - readHidden);
}

/** Bytes stored for a token: recomputed layers keep nothing but the token's id. */
export function splitBytesPerToken(
  split: Pick<Split, "complement" | "hiddenLayers" | "otherLayers">,
  hiddenBytesPerTokenLayer: number,
  kvBytesPerTokenLayer: number,
): number {
  return split.hiddenLayers * hiddenBytesPerTokenLayer +
    (split.complement === "kv" ? split.otherLayers * kvBytesPerTokenLayer : 0);
}
