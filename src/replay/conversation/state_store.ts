/** Saved states of conversations on the drive, least recently used first out. Sizes are bytes. */
export interface StateStore {
  has(session: number): boolean;
  /** Tokens of the saved state; 0 when there is none. */
  tokensOf(session: number): number;
  /** Marks a state as just used. */
  touch(session: number): void;
  /** Replaces a conversation's state, dropping others for room; false when it is larger than the store. */
  save(session: number, tokens: number, bytes: number): boolean;
  /** A conversation began anew: its state is of no use. */
  forget(session: number): void;
  readonly heldBytes: number;
  readonly evictions: number;
}

/** @param capacityBytes Infinity for a store without a limit. */
export function createStateStore(capacityBytes: number): StateStore {
  // A map keeps insertion order, which is the order of use here.
  const states = new Map<number, { tokens: number; bytes: number }>();
  let held = 0;
  let evictions = 0;
  const drop = (session: number): void => {
    held -= states.get(session)?.bytes ?? 0;
    states.delete(session);
  };
  return {
    has: (session) => states.has(session),
    tokensOf: (session) => states.get(session)?.tokens ?? 0,
    touch(session) {
      const state = states.get(session);
      if (state === undefined) return;
      states.delete(session);
      states.set(session, state);
    },
    save(session, tokens, bytes) {
      drop(session);
      if (bytes > capacityBytes) return false;
      for (const oldest of states.keys()) {
        if (held + bytes <= capacityBytes) break;
        drop(oldest);
        evictions++;
      }
      states.set(session, { tokens, bytes });
      held += bytes;
      return true;
    },
    forget: drop,
    get heldBytes() {
      return held;
    },
    get evictions() {
      return evictions;
    },
  };
}
