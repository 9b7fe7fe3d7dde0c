/** Tokens ahead that the background thread looks at most, and groups after which it stops (vattention.cu). */
const EAGER_TOKENS = 9;
const EAGER_GROUPS = 2;

/**
 * vAttention's memory (Prabhu et al., ASPLOS 25): every request slot has address space for the longest
 * context, and pages are mapped behind it as it grows. One group is a page of K and of V in every layer.
 * Pages of finished requests stay mapped and are taken back only when others need them.
 */
export class PagePool {
  readonly tokensPerGroup: number;
  readonly total: number;
  readonly mapped: number[];
  readonly lengths: number[];
  readonly active: boolean[];
  /** Groups that are mapped nowhere. */
  free: number;
  maps = 0;
  /** Those of the maps that were made in the background. */
  mapsAhead = 0;
  unmaps = 0;

  constructor(tokensPerGroup: number, groups: number, slots: number) {
    this.tokensPerGroup = tokensPerGroup;
    this.total = groups;
    this.free = groups;
    this.mapped = new Array(slots).fill(0);
    this.lengths = new Array(slots).fill(0);
    this.active = new Array(slots).fill(false);
  }

  need(tokens: number): number {
    return Math.ceil(tokens / this.tokensPerGroup);
  }

  /** Groups that nobody needs: free ones, and those mapped beyond what their request holds. */
  get reclaimable(): number {
    let surplus = 0;
    for (const [i, m] of this.mapped.entries()) {
      surplus += Math.max(0, m - this.need(this.lengths[i]));
    }
    return this.free + surplus;
  }

  /** Gives a request a slot: the first idle one, or a later one whose pages fit more closely; -1 when all run. */
  admit(tokens: number): number {
    const need = this.need(tokens);
    let best = -1;
    for (let id = 0; id < this.mapped.length; id++) {
      if (this.active[id]) continue;
      if (best < 0) best = id;
      else if (this.mapped[id] >= need && this.mapped[id] < this.mapped[best]) best = id;
    }
    if (best >= 0) {
      this.active[best] = true;
      this.lengths[best] = tokens;
    }
    return best;
  }

  /** Maps what a slot needs for its length; false, with nothing changed, when there are too few pages. */
  back(id: number): boolean {
    const missing = this.need(this.lengths[id]) - this.mapped[id];
    if (missing <= 0) return true;
    if (missing > this.reclaimable) return false;
    this.#takeBack(missing);
    this.#map(id, missing);
    return true;
  }

  /**
   * What the background thread does while a step is computed: maps what the next token of every request needs,
   * taking pages back for it, then looks further ahead until it has asked for two groups. Too few pages for
   * the next token: it does nothing.
   */
  mapAhead(): void {
    const wanted = (id: number, ahead: number) =>
      this.active[id] ? Math.max(0, this.need(this.lengths[id] + ahead) - this.mapped[id]) : 0;
    let next = 0;
    for (let id = 0; id < this.mapped.length; id++) next += wanted(id, 1);
    this.#takeBack(next);
    if (this.free < next) return;
    let asked = 0;
    for (let ahead = 1; ahead <= EAGER_TOKENS; ahead++) {
      for (let id = 0; id < this.mapped.length; id++) {
        const groups = wanted(id, ahead);
        if (groups <= this.free) {
          this.#map(id, groups);
          this.mapsAhead += groups;
        }
        asked += groups;
        if (ahead > 1 && asked >= EAGER_GROUPS) return;
      }
    }
  }

  /** Takes unneeded pages from the slots, the last one first, until so many are free. */
  #takeBack(groups: number): void {
    for (let j = this.mapped.length - 1; j >= 0 && this.free < groups; j--) {
      const surplus = this.mapped[j] - this.need(this.lengths[j]);
      if (surplus <= 0) continue;
      const take = Math.min(surplus, groups - this.free);
      this.mapped[j] -= take;
      this.free += take;
      this.unmaps += take;
    }
  }

  #map(id: number, groups: number): void {
    this.free -= groups;
    this.mapped[id] += groups;
    this.maps += groups;
  }

  /** The request of a slot is done; its pages stay mapped. */
  finish(id: number): void {
    this.active[id] = false;
    this.lengths[id] = 0;
  }
}
