/** Ids up to here are looked up in an array, larger ones and those that are no numbers in a map. */
const ARRAY_LIMIT = 1 << 25;

/** A table above this size is given back rather than wiped for the next session. */
const SMALL_TABLE = 1 << 18;

/** Gives ids dense numbers 0, 1, 2, ... in order of first appearance. */
export class DenseIds {
  #next: number;
  #table = new Int32Array(1024).fill(-1);
  readonly #map = new Map<number | string, number>();

  /** @param first The number of the first new id. */
  constructor(first = 0) {
    this.#next = first;
  }

  /** One more than the largest number given. */
  get next(): number {
    return this.#next;
  }

  /** Forgets all ids but goes on counting: for ids that are local to a session. */
  clear(): void {
    if (this.#table.length > SMALL_TABLE) this.#table = new Int32Array(1024);
    this.#table.fill(-1);
    this.#map.clear();
  }

  of(id: number | string): number {
    if (typeof id === "number" && id < ARRAY_LIMIT && id >= 0) {
      if (id >= this.#table.length) this.#grow(id);
      const known = this.#table[id];
      if (known >= 0) return known;
      return this.#table[id] = this.#next++;
    }
    const known = this.#map.get(id);
    if (known !== undefined) return known;
    this.#map.set(id, this.#next);
    return this.#next++;
  }

  #grow(id: number): void {
    let size = this.#table.length;
    while (size <= id) size *= 2;
    const grown = new Int32Array(size).fill(-1);
    grown.set(this.#table);
    this.#table = grown;
  }
}
