import { createMinHeap } from "../shared/min_heap.ts";
import { createLinkNetwork } from "../shared/link_network.ts";
import type { BuiltEngine } from "./build.ts";
import { chooseInstance, type Fleet, type Router } from "./fleet.ts";
import { createInstance } from "./instance.ts";
import type { Horizon, Instance } from "./instance_types.ts";
import { createSequence, type Sequence } from "./request.ts";
import type { Tally } from "./tally.ts";

/** How the KV of a computed prompt gets from one instance to another. */
export interface HandOffLink {
  readonly bytesPerSecond: number;
  readonly latencySeconds: number;
  readonly bytesPerToken: number;
  /** The KV is sent layer by layer while the prompt is computed; what is left is sent after it. */
  readonly layerwise: boolean;
  readonly layers: number;
}

/**
 * Prefill and decode on instances of their own (splitwise, DistServe, Mooncake). A prompt is computed on a
 * prefill instance that the router chooses, its KV goes over the network (one link that all transfers share),
 * and the least loaded decode instance generates the rest. Prefix caches and tiers belong to the prefill
 * instances; what decoding makes stays where it was made and is not reused.
 */
export function createSplitFleet(
  engine: BuiltEngine,
  prefillInstances: number,
  decodeInstances: number,
  router: Router,
  tally: Tally,
  link: HandOffLink,
): Fleet {
  // Sequences on their way, by number; and the queues of what starts and what arrives, in order of time.
  const underWay = new Map<number, { sequence: Sequence; transfer: number }>();
  const computed = createMinHeap();
  const waiting = new Map<number, { sequence: Sequence; bytes: number }>();
  const network = createLinkNetwork(
    [{ name: "between instances", bytesPerSecond: link.bytesPerSecond }],
    [{
      name: "hand-off",
      links: [{ link: 0, weight: 1 }],
      latencySeconds: link.latencySeconds,
      descriptorSeconds: 0,
    }],
  );
  let numbered = 0;
  const handOff = (sequence: Sequence, at: number, prefillSeconds: number): void => {
    const all = sequence.target * link.bytesPerToken;
    // All prompts may be sent at the same time: none counts on more than its part of the link.
    const rate = link.bytesPerSecond / prefillInstances;
    const sent = link.layerwise ? Math.min(all * (1 - 1 / link.layers), rate * prefillSeconds) : 0;
    waiting.set(numbered, { sequence, bytes: all - sent });
    computed.push(at, numbered++);
  };
  const prefill = Array.from(
    { length: prefillInstances },
    () => createInstance(engine.config, tally, handOff),
  );
  const decoding = {
    ...engine.config,
    reuse: false,
    prefetch: false,
    uniqueBlocks: 0,
    decodedIds: 1,
    tiers: [],
  };
  const decode = Array.from(
    { length: decodeInstances },
    () => createInstance(decoding, tally),
  );
  const horizon: Horizon = { seconds: 0 };
  const advance = (instance: Instance, seconds: number): void => {
    horizon.seconds = seconds;
    instance.advanceTo(horizon);
  };
  const arrive = (sequence: Sequence, at: number): void => {
    for (const instance of decode) advance(instance, at);
    const request = { ...sequence.request, ids: null };
    const moved = createSequence(request, sequence.arrivalSeconds);
    moved.looked = true;
    moved.generated = sequence.generated;
    moved.firstTokenSeconds = sequence.firstTokenSeconds;
    moved.target = sequence.target;
    moved.computed = sequence.target;
    decode[chooseInstance("least-loaded", decode, request, 0)].submitPrefilled(moved);
  };
  /** When the next transfer arrives, and its number; Infinity when none is under way. */
  const nextArrival = (): [at: number, number: number] => {
    let [at, number] = [Infinity, -1];
    for (const [key, { transfer }] of underWay) {
      const end = network.endSeconds(transfer);
      if (end < at) [at, number] = [end, key];
    }
    return [at, number];
  };
  /** Starts and delivers transfers up to a time that every prefill instance has reached. */
  const deliver = (until: number): void => {
    for (;;) {
      const start = computed.peekKey();
      const [end, number] = nextArrival();
      if (Math.min(start, end) > until || (start === Infinity && end === Infinity)) return;
      if (end <= start) {
        const { sequence, transfer } = underWay.get(number)!;
        network.advance(end);
        network.release(transfer);
        underWay.delete(number);
        arrive(sequence, end);
      } else {
        const key = computed.pop();
        const { sequence, bytes } = waiting.get(key)!;
        waiting.delete(key);
        underWay.set(key, { sequence, transfer: network.start(0, bytes, 0, start) });
      }
    }
  };
  let turn = 0;
  let warmed = 0;
  return {
    tally,
    submit(request) {
      tally.counts.submitted++;
      const at = request.arrivalSeconds;
      for (const instance of prefill) advance(instance, at);
      deliver(at);
      prefill[chooseInstance(router, prefill, request, turn++)].submit(
        engine.config.reuse ? request : { ...request, ids: null },
        at,
      );
    },
    warm(request) {
      if (!engine.config.reuse) return;
      prefill[chooseInstance(router, prefill, request, warmed++)].warm(request);
    },
    drain() {
      for (const instance of prefill) advance(instance, Infinity);
      deliver(Infinity);
      for (const instance of decode) advance(instance, Infinity);
    },
    finish: () => [...prefill, ...decode].map((instance) => instance.finish()),
  };
}
