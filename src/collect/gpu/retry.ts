/** Ever longer waits between attempts: 1 s, 2 s, 4 s, ... up to a minute. */
export interface Retry {
  /** Whether it is time for an attempt; each yes doubles the wait until the next. */
  due(nowNs: number): boolean;
  /** After a success waits begin anew. */
  succeeded(): void;
}

const FIRST_NS = 1e9;
const LONGEST_NS = 60e9;

export function createRetry(): Retry {
  let waitNs = FIRST_NS;
  let nextNs: number | null = null;
  return {
    due: (nowNs) => {
      if (nextNs === null) nextNs = nowNs + waitNs;
      if (nowNs < nextNs) return false;
      waitNs = Math.min(LONGEST_NS, 2 * waitNs);
      nextNs = nowNs + waitNs;
      return true;
    },
    succeeded: () => {
      waitNs = FIRST_NS;
      nextNs = null;
    },
  };
}
