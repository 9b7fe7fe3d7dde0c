/** What a safe pickle holds: dictionaries become maps, tuples and lists arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>;

export const MARK = Symbol("mark");
type Slot = PickleValue | typeof MARK;

/**
 * Lists whose dictionaries are taken out as soon as each is complete, so that a long list is never held. A
 * list has a kind by where it stands.
 */
export interface PickleItems {
  /**
   * Kind of the list that stands at `index` of the stack; 0 for lists that are kept.
   *
   * @param enclosing Kind of the list whose items are being collected around it; 0 when there is none.
   */
  kindOf(stack: readonly unknown[], index: number, enclosing: number): number;
  /** Takes one dictionary of a list. @param place How many lists of the enclosing list came before its own. */
  take(kind: number, value: Map<PickleValue, PickleValue>, place: number): void;
  /** Whether dictionaries of lists of this kind are taken; other kinds only tell where something stands. */
  takes(kind: number): boolean;
}

interface Mark {
  readonly at: number;
  readonly kind: number;
  readonly place: number;
}

/** The stack and the memo of a pickle's machine. */
export class PickleStack {
  readonly #slots: Slot[] = [];
  readonly #marks: Mark[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #fail: (what: string, hint?: string) => never;
  readonly #items: PickleItems | undefined;
  readonly #used: ReadonlySet<number> | undefined;
  #stored = 0;

  constructor(
    fail: (what: string, hint?: string) => never,
    items?: PickleItems,
    used?: ReadonlySet<number>,
  ) {
    this.#fail = fail;
    this.#items = items;
    this.#used = used;
  }

  push(value: PickleValue): void {
    this.#slots.push(value);
  }

  mark(): void {
    const at = this.#slots.length;
    const { kind, place } = this.#kindAt(at - 1);
    this.#marks.push({ at, kind, place });
    this.#slots.push(MARK);
  }

  /** The kind of the list in a slot, and how many lists stand before it in the one around it. */
  #kindAt(index: number): { kind: number; place: number } {
    const list = this.#slots[index];
    if (this.#items === undefined || !Array.isArray(list)) return { kind: 0, place: 0 };
    const around = this.#marks.at(-1);
    const kind = this.#items.kindOf(this.#slots, index, around?.kind ?? 0);
    if (around === undefined) return { kind, place: 0 };
    const outer = this.#slots[around.at - 1];
    const before = Array.isArray(outer) ? outer.length : 0;
    return { kind, place: before + index - around.at - 1 };
  }

  pop(): PickleValue {
    const value = this.#slots.pop();
    if (value === undefined || value === MARK) return this.#fail("a value is missing on the stack");
    return value as PickleValue;
  }

  drop(): void {
    if (this.#slots.pop() === MARK) this.#marks.pop();
  }

  top(): PickleValue {
    const value = this.#slots[this.#slots.length - 1];
    if (value === undefined || value === MARK) this.#fail("a value is missing on the stack");
    return value as PickleValue;
  }

  /** The one value that is left at the end. */
  last(): PickleValue {
    const value = this.pop();
    if (this.#slots.length > 0) this.#fail("values are left over at the end");
    return value;
  }

  toMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return this.#fail("a list or dictionary ends that never began");
    const values = this.#slots.splice(mark.at + 1) as PickleValue[];
    this.#slots.pop();
    return values;
  }

  tuple(length: number): void {
    const values: PickleValue[] = [];
    for (let i = 0; i < length; i++) values.unshift(this.pop());
    this.push(values);
  }

  setItems(values: readonly PickleValue[]): void {
    const target = this.top();
    if (!(target instanceof Map)) {
      return this.#fail("items are set on something that is no dictionary");
    }
    if (values.length % 2 !== 0) this.#fail("a dictionary key has no value");
    for (let i = 0; i < values.length; i += 2) target.set(values[i], values[i + 1]);
    const around = this.#marks.at(-1);
    if (around === undefined || this.#items === undefined || !this.#items.takes(around.kind)) {
      return;
    }
    // Complete and an item of a list that is not kept: only its place on the stack remains.
    this.#items.take(around.kind, target, around.place);
    this.#slots[this.#slots.length - 1] = null;
  }

  append(values: readonly PickleValue[]): void {
    const target = this.top();
    if (!Array.isArray(target)) {
      return this.#fail("items are appended to something that is no list");
    }
    const { kind, place } = this.#kindAt(this.#slots.length - 1);
    if (this.#items === undefined || !this.#items.takes(kind)) {
      for (const value of values) target.push(value);
      return;
    }
    for (const value of values) if (value instanceof Map) this.#items.take(kind, value, place);
  }

  store(index: number): void {
    const at = index < 0 ? this.#stored : index;
    this.#stored = Math.max(this.#stored, at + 1);
    const value = this.top();
    if (this.#used === undefined || this.#used.has(at)) this.#memo.set(at, value);
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) this.#fail(`memo ${index} was never stored`);
    this.push(value as PickleValue);
  }
}
