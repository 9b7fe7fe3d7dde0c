import type { Json } from "../../model/json.ts";

/** One line of a topic's list. */
export interface TopicEntry {
  readonly id: string;
  readonly title: string;
}

/** One explanation: fields in the order shown, and whole paragraphs below them. */
export interface Explanation {
  readonly id: string;
  readonly title: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly table?: {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly string[])[];
  };
  readonly notes?: readonly string[];
  /** What `--json` adds to the fields. */
  readonly data?: { readonly [key: string]: Json };
}

/** A kind of thing that `explain` knows. */
export interface Topic {
  /** As typed: `metric`, `policy`, `exit-code`, `coefficient`, `stall`. */
  readonly name: string;
  readonly summary: string;
  list(): Promise<readonly TopicEntry[]>;
  /** Null when there is no such id. */
  explain(id: string): Promise<Explanation | null>;
}
