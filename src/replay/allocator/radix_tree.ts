/** A run of tokens that is kept or dropped as one: an element has an id and a length in slots. */
export interface Element {
  readonly id: number;
  readonly tokens: number;
}

export interface RadixNode {
  elements: Element[];
  tokens: number;
  parent: RadixNode | null;
  readonly children: Map<number, RadixNode>;
  /** Running requests whose path goes through here: locked nodes are not evicted. */
  locks: number;
  lastAccess: number;
  /** Sequences put in that go through here. */
  hits: number;
  readonly created: number;
}

/** Which unlocked leaf goes first. */
export type RadixEviction = "lru" | "lfu" | "fifo" | "mru" | "filo";

function tokensOf(elements: readonly Element[]): number {
  return elements.reduce((sum, e) => sum + e.tokens, 0);
}

/**
 * The radix tree of SGLang's RadixCache (Zheng et al., 2024; mem_cache/radix_cache.py): prefixes as paths,
 * nodes split where requests part. Its clock counts accesses.
 */
export class RadixTree {
  readonly root: RadixNode;
  readonly #eviction: RadixEviction;
  /** Evict a whole leaf, or only the elements at its end that are needed. */
  readonly #wholeLeaves: boolean;
  #clock = 0;
  tokens = 0;
  evictedTokens = 0;
  #locked = 0;

  constructor(eviction: RadixEviction, wholeLeaves: boolean) {
    this.#eviction = eviction;
    this.#wholeLeaves = wholeLeaves;
    this.root = this.#node([], null);
  }

  #node(elements: Element[], parent: RadixNode | null): RadixNode {
    return {
      elements,
      tokens: tokensOf(elements),
      parent,
      children: new Map(),
      locks: 0,
      lastAccess: this.#clock,
      hits: 0,
      created: this.#clock,
    };
  }

  /** Tokens that could be evicted now. */
  get evictable(): number {
    return this.tokens - this.#locked;
  }

  /** The longest prefix in the tree: its last node and its tokens; the path counts as used. */
  match(key: readonly Element[]): { node: RadixNode; tokens: number; elements: number } {
    this.#clock++;
    let node = this.root;
    let at = 0;
    let tokens = 0;
    for (;;) {
      node.lastAccess = this.#clock;
      const child = at < key.length ? node.children.get(key[at].id) : undefined;
      if (child === undefined) return { node, tokens, elements: at };
      // Also what lies behind the place where they part.
      child.lastAccess = this.#clock;
      let same = 0;
      while (
        same < child.elements.length && at + same < key.length &&
        child.elements[same].id === key[at + same].id
      ) same++;
      node = same < child.elements.length ? this.#split(child, same) : child;
      at += same;
      tokens += node.tokens;
    }
  }

  /** Puts a sequence in; the tokens that were there already, and the last node of its path. */
  insert(key: readonly Element[]): { present: number; node: RadixNode } {
    const { node, tokens, elements } = this.match(key);
    for (let n: RadixNode | null = node; n !== null; n = n.parent) n.hits++;
    if (elements === key.length) return { present: tokens, node };
    const leaf = this.#node(key.slice(elements), node);
    leaf.hits = 1;
    node.children.set(leaf.elements[0].id, leaf);
    this.tokens += leaf.tokens;
    return { present: tokens, node: leaf };
  }

  lock(node: RadixNode): void {
    for (let n: RadixNode | null = node; n !== null; n = n.parent) {
      if (n.locks++ === 0) this.#locked += n.tokens;
    }
  }

  unlock(node: RadixNode): void {
    for (let n: RadixNode | null = node; n !== null; n = n.parent) {
      if (--n.locks === 0) this.#locked -= n.tokens;
    }
  }

  /** Frees at least `wanted` tokens from unlocked leaves, if there are so many; what was freed. */
  evict(wanted: number): number {
    const leaves = this.#leaves();
    let freed = 0;
    while (freed < wanted && leaves.length > 0) {
      let first = 0;
      for (let i = 1; i < leaves.length; i++) {
        if (this.#rank(leaves[i]) < this.#rank(leaves[first])) first = i;
      }
      const leaf = leaves[first];
      freed += this.#shrink(leaf, wanted - freed);
      if (leaf.elements.length > 0) continue;
      leaves.splice(first, 1);
      const { parent } = leaf;
      if (
        parent !== null && parent !== this.root && parent.children.size === 0 && parent.locks === 0
      ) {
        leaves.push(parent);
      }
    }
    this.evictedTokens += freed;
    return freed;
  }

  #shrink(leaf: RadixNode, wanted: number): number {
    let freed = 0;
    const first = leaf.elements[0].id;
    while (leaf.elements.length > 0 && (this.#wholeLeaves || freed < wanted)) {
      freed += leaf.elements.pop()!.tokens;
    }
    leaf.tokens -= freed;
    this.tokens -= freed;
    if (leaf.elements.length === 0) leaf.parent!.children.delete(first);
    return freed;
  }

  #leaves(): RadixNode[] {
    const found: RadixNode[] = [];
    const stack = [...this.root.children.values()];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node.children.size > 0) stack.push(...node.children.values());
      else if (node.locks === 0) found.push(node);
    }
    return found;
  }

  #rank(node: RadixNode): number {
    switch (this.#eviction) {
      case "lru":
        return node.lastAccess;
      case "mru":
        return -node.lastAccess;
      case "fifo":
        return node.created;
      case "filo":
        return -node.created;
      case "lfu":
        return node.hits * 2 ** 30 + node.lastAccess;
    }
  }

  /** The first `count` elements of a node become a node of their own above it. */
  #split(child: RadixNode, count: number): RadixNode {
    const upper: RadixNode = {
      ...this.#node(child.elements.slice(0, count), child.parent),
      locks: child.locks,
      lastAccess: child.lastAccess,
      hits: child.hits,
    };
    child.parent!.children.set(upper.elements[0].id, upper);
    child.elements = child.elements.slice(count);
    child.tokens -= upper.tokens;
    child.parent = upper;
    upper.children.set(child.elements[0].id, child);
    return upper;
  }
}
