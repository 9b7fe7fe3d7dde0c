/** Frames of memory under least-recently-used replacement; blocks and frames are dense numbers. */
export interface LruSlots {
  /** Marks a resident block as most recent; false when it is not resident. */
  touch(block: number): boolean;
  /** Gives a frame to a block that is not resident; `evicted` is the block that left it, -1 for none. */
  take(block: number): { frame: number; evicted: number };
}

export function createLruSlots(frames: number, blocks: number): LruSlots {
  const frameOf = new Int32Array(blocks).fill(-1);
  const blockOf = new Int32Array(frames).fill(-1);
  // A circular list of frames with the sentinel at index `frames`: next is towards the least recent.
  const next = new Int32Array(frames + 1);
  const previous = new Int32Array(frames + 1);
  next[frames] = previous[frames] = frames;
  let used = 0;
  const unlink = (frame: number) => {
    next[previous[frame]] = next[frame];
    previous[next[frame]] = previous[frame];
  };
  const pushFront = (frame: number) => {
    next[frame] = next[frames];
    previous[frame] = frames;
    previous[next[frames]] = frame;
    next[frames] = frame;
  };
  return {
    touch(block) {
      const frame = frameOf[block];
      if (frame < 0) return false;
      unlink(frame);
      pushFront(frame);
      return true;
    },
    take(block) {
      let frame = used;
      let evicted = -1;
      if (used < frames) {
        used++;
      } else {
        frame = previous[frames];
        evicted = blockOf[frame];
        frameOf[evicted] = -1;
        unlink(frame);
      }
      blockOf[frame] = block;
      frameOf[block] = frame;
      pushFront(frame);
      return { frame, evicted };
    },
  };
}
