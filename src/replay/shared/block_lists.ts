/**
 * Several doubly linked lists over dense block ids, in typed arrays. A block is in at most one of them.
 * Front is the most recent end. All operations take constant time and allocate nothing.
 */
export interface BlockLists {
  /** The list a block is in, -1 for none. */
  listOf(block: number): number;
  sizeOf(list: number): number;
  pushFront(list: number, block: number): void;
  /** Inserts `block` just behind `before`, towards the back of the list that `before` is in. */
  insertBehind(before: number, block: number): void;
  /** Takes a block out of the list it is in. */
  remove(block: number): void;
  /** The block at the back, -1 when the list is empty. */
  back(list: number): number;
  /** The block before this one, towards the front; -1 at the front. */
  towardsFront(block: number): number;
}

/** Makes `count` empty lists over blocks `0..uniqueBlocks-1`. */
export function createBlockLists(uniqueBlocks: number, count: number): BlockLists {
  // Node ids: blocks first, then one sentinel a list. links[2n] points to the back, links[2n+1] to the front.
  const links = new Int32Array(2 * (uniqueBlocks + count));
  const where = new Int8Array(uniqueBlocks).fill(-1);
  const sizes = new Int32Array(count);
  for (let list = 0; list < count; list++) {
    const sentinel = uniqueBlocks + list;
    links[2 * sentinel] = links[2 * sentinel + 1] = sentinel;
  }
  const insertAfterNode = (node: number, block: number, list: number): void => {
    const behind = links[2 * node];
    links[2 * node] = block;
    links[2 * block + 1] = node;
    links[2 * block] = behind;
    links[2 * behind + 1] = block;
    where[block] = list;
    sizes[list]++;
  };
  return {
    listOf: (block) => where[block],
    sizeOf: (list) => sizes[list],
    pushFront: (list, block) => insertAfterNode(uniqueBlocks + list, block, list),
    insertBehind: (before, block) => insertAfterNode(before, block, where[before]),
    remove(block) {
      const behind = links[2 * block];
      const ahead = links[2 * block + 1];
      links[2 * ahead] = behind;
      links[2 * behind + 1] = ahead;
      sizes[where[block]]--;
      where[block] = -1;
    },
    back(list) {
      const node = links[2 * (uniqueBlocks + list) + 1];
      return node < uniqueBlocks ? node : -1;
    },
    towardsFront(block) {
      const node = links[2 * block + 1];
      return node < uniqueBlocks ? node : -1;
    },
  };
}
