import type { RequestHint } from "../../model/eviction.ts";
import { createAdmission } from "./admission.ts";
import type { EngineConfig } from "./config.ts";
import { catchesUp } from "./behind.ts";
import { createDecodeBatch } from "./decode_batch.ts";
import { createGpuPool } from "./gpu_pool.ts";
import { createIdSpace } from "./id_space.ts";
import type { HandOff, Instance } from "./instance_types.ts";
import { createPrefillChoice } from "./prefill_choice.ts";
import type { Recorder } from "./recorder.ts";
import { createRetirement } from "./retirement.ts";
import { createSequence, type Sequence } from "./request.ts";
import { createTierStack } from "./tiers.ts";
import { trafficOf } from "./traffic.ts";
import { createWaitingLine } from "./waiting_line.ts";

/** Makes an idle instance at time 0; with `handOff` it computes prompts only. */
export function createInstance(
  config: EngineConfig,
  recorder: Recorder,
  handOff: HandOff | null = null,
): Instance {
  const { blockTokens, maxSequences, timing, llm } = config;
  const network = config.createNetwork();
  const ids = createIdSpace(config.uniqueBlocks, config.decodedIds);
  const pool = createGpuPool(config.gpuBlocks);
  let clock = 0;
  const now = () => clock;
  const { tiers: tierSpecs, tierRules, eviction, seed } = config;
  const tiers = createTierStack(tierSpecs, tierRules, eviction, network, ids, seed, now);
  // One object for all calls: nobody keeps a hint.
  const hint = { timeSeconds: 0, turn: -1, index: 0 };
  const hintOf = (sequence: Sequence): RequestHint => {
    hint.timeSeconds = clock;
    hint.turn = sequence.request.turn;
    hint.index = sequence.request.index;
    return hint;
  };
  const admission = createAdmission(config, pool, tiers, ids, recorder, hintOf);
  const retirement = createRetirement(config, pool, tiers, ids);
  const line = createWaitingLine();
  const batch = createDecodeBatch(blockTokens, llm.slidingWindow?.tokens ?? 0);
  const prefilling: Sequence[] = [];
  let started = 0;
  // The head of the queue failed for want of this many blocks; retried when as many are available.
  let blockedNeed = 0;
  let busySeconds = 0;
  let waitSeconds = 0;
  let idleSeconds = 0;
  let preemptions = 0;
  let iterations = 0;
  let contextTokens = 0;
  let workedUntil = 0;

  const admit = (): void => {
    while (batch.size + prefilling.length < maxSequences) {
      const sequence = line.head();
      if (sequence === null) return;
      const working = batch.size + prefilling.length > 0;
      if (working && blockedNeed > pool.available()) return;
      blockedNeed = sequence.prefilled
        ? admission.place(sequence)
        : admission.start(sequence, prefilling);
      if (blockedNeed === 0) {
        sequence.order = started++;
        unclaim(sequence);
        sequence.startSeconds = clock;
        if (sequence.prefilled) {
          sequence.prefilled = false;
          batch.join(sequence);
        } else prefilling.push(sequence);
      } else if (working) {
        // The head waits for blocks: what it will load can come meanwhile.
        prefetchQueued(0);
        return;
      } else {
        // Nothing runs and it still does not fit: it never will.
        blockedNeed = 0;
        unclaim(sequence);
        recorder.reject(sequence.request, clock);
      }
      line.dequeue();
      prefetchQueued(config.lookAhead - 1);
    }
  };
  /** Starts bringing the blocks of the `place`-th queued request into memory, once. */
  const prefetchQueued = (place: number): void => {
    if (!config.prefetch || place >= line.length) return;
    const sequence = line.at(place);
    if (sequence === null || sequence.prefetched || sequence.request.ids === null) return;
    sequence.prefetched = true;
    const { ids: list, from, to } = sequence.request;
    tiers.claim(list!, from, to, 1);
    sequence.prefetch = tiers.prefetch(list!, from, to, hintOf(sequence));
  };
  const unclaim = (sequence: Sequence): void => {
    if (!sequence.prefetched) return;
    const { ids: list, from, to } = sequence.request;
    tiers.claim(list!, from, to, -1);
    sequence.prefetched = false;
  };
  const letGo = (sequence: Sequence, privates: number): void => {
    retirement.letGo(sequence, privates);
    blockedNeed = 0;
  };
  const complete = (sequence: Sequence): void => {
    const held = batch.heldBlocks(sequence);
    letGo(sequence, retirement.keepDecoded(sequence, held, hintOf(sequence)));
    recorder.complete(sequence, clock);
  };
  const preempt = (): void => {
    const sequence = batch.preemptYoungest();
    letGo(sequence, batch.heldBlocks(sequence));
    preemptions++;
    line.putBack(sequence);
  };
  /** Takes the blocks that the next decode steps need, preempting when there are none; returns the steps. */
  const grow = (steps: number): number => {
    while (batch.size > 0) {
      const possible = batch.stepsWithin(steps, pool.available());
      if (possible === 0) {
        preempt();
        continue;
      }
      const blocks = batch.blocksFor(possible);
      if (blocks > 0) {
        pool.takePrivate(blocks, admission.evicted);
        admission.flush({ timeSeconds: clock, turn: -1 });
      }
      return possible;
    }
    return 0;
  };
  const loadEnd = (sequence: Sequence): number => {
    let end = 0;
    for (const transfer of sequence.waits) end = Math.max(end, network.forecastSeconds(transfer));
    return end;
  };
  /** Runs decode iterations until the batch may change or the horizon is reached. */
  const decodeRun = (horizon: number): void => {
    let steps = Math.max(1, Math.min(batch.stepsToFirstEnd(), batch.stepsToWindow()));
    const limit = prefilling.length === 0
      ? horizon
      : Math.min(horizon, choice.startSeconds(prefilling, batch.size));
    if (clock + timing.decode(batch, steps) > limit) {
      // Fewest iterations whose end reaches the limit: the scheduler acts between iterations.
      let low = 1;
      let high = steps;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (clock + timing.decode(batch, middle) >= limit) high = middle;
        else low = middle + 1;
      }
      steps = low;
    }
    steps = grow(steps);
    if (steps === 0) return;
    const seconds = timing.decode(batch, steps);
    busySeconds += seconds;
    iterations += steps;
    contextTokens += steps * batch.context + batch.size * steps * (steps - 1) / 2;
    clock += seconds;
    workedUntil = clock;
    network.advance(clock);
    batch.take(steps, complete);
  };

  const choice = createPrefillChoice(config, loadEnd);
  const { chosen, work } = choice;
  const prefillIteration = (loadsUntil: number): void => {
    // When every decoding sequence was preempted for want of blocks, the prompts go on alone.
    if (batch.size > 0) grow(1);
    const decoding = batch.size;
    const compute = timing.iteration(work, batch);
    // Layer-wise overlap: computing starts when the first layer has come (fill), and the last layer is
    // computed after its part has come (drain).
    const load = Math.max(0, loadsUntil - clock);
    const end = load === 0
      ? clock + compute
      : Math.max(clock + load / llm.layers + compute, loadsUntil + compute / llm.layers);
    busySeconds += compute;
    // Without a load the difference is nothing but rounding, which may be below 0.
    if (load > 0) waitSeconds += Math.max(0, end - clock - compute);
    iterations++;
    contextTokens += batch.context;
    clock = end;
    workedUntil = clock;
    network.advance(clock);
    if (decoding > 0) batch.take(1, complete);
    for (const sequence of chosen) {
      sequence.computed += sequence.chunk;
      sequence.chunk = 0;
      sequence.restoreFlops = 0;
      for (const transfer of sequence.waits) network.release(transfer);
      sequence.waits.length = 0;
    }
    let left = 0;
    for (const sequence of prefilling) {
      if (sequence.behind.length > 0 && catchesUp(sequence)) sequence.behind = [];
      if (sequence.computed < sequence.target) prefilling[left++] = sequence;
    }
    const ended = prefilling.length > left ? chosen.filter((s) => s.computed >= s.target) : [];
    prefilling.length = left;
    for (const sequence of ended) endPrefill(sequence);
  };
  const endPrefill = (sequence: Sequence): void => {
    const { request } = sequence;
    if (config.saveOnCompute && request.ids !== null) {
      // What was found is stored too when this was its second use.
      const found = tierRules.admission === "second" ? 0 : sequence.reusedBlocks;
      const first = request.from + found;
      tiers.save(request.ids, first, request.to, hintOf(sequence));
    }
    if (sequence.firstTokenSeconds < 0) sequence.firstTokenSeconds = clock;
    sequence.generated++;
    if (sequence.generated >= request.outputTokens) complete(sequence);
    else if (handOff === null) batch.join(sequence);
    else {
      letGo(sequence, sequence.privateBlocks);
      handOff(sequence, clock, clock - sequence.startSeconds);
    }
  };
  /** Only loads are in flight: the GPU waits for the first of them, or for the horizon. */
  const awaitLoad = (horizon: number): void => {
    const next = Math.min(horizon, choice.startSeconds(prefilling, 0));
    waitSeconds += next - clock;
    clock = next;
    network.advance(clock);
  };

  return {
    advanceTo(horizon) {
      while (clock < horizon.seconds) {
        admit();
        if (prefilling.length > 0) {
          const loadsUntil = choice.choose(prefilling, batch.size, clock);
          if (chosen.length > 0) {
            prefillIteration(loadsUntil);
            continue;
          }
        }
        if (batch.size > 0) decodeRun(horizon.seconds);
        else if (prefilling.length > 0) awaitLoad(horizon.seconds);
        else if (line.length === 0) {
          if (horizon.seconds === Infinity) return;
          idleSeconds += horizon.seconds - clock;
          clock = horizon.seconds;
          network.advance(clock);
        }
      }
    },
    submit(request, arrivalSeconds) {
      retirement.claim(request);
      const sequence = createSequence(request, arrivalSeconds);
      line.enqueue(sequence);
      // The head of the line is started at once when nothing runs: there is nothing to look ahead.
      const place = line.length - 1;
      if (place < config.lookAhead && place + prefilling.length > 0) prefetchQueued(place);
    },
    submitPrefilled(sequence) {
      sequence.prefilled = true;
      line.enqueue(sequence);
    },
    warm(request) {
      const { ids: list, from, to } = request;
      if (list === null) return;
      const hint = { timeSeconds: 0, turn: request.turn };
      tiers.warm(list, from, to, hint);
      const fits = Math.min(to, from + pool.capacity);
      for (let i = from; i < fits; i++) pool.pin(list[i], admission.evicted);
      for (let i = fits - 1; i >= from; i--) pool.unpin(list[i]);
      for (const block of admission.evicted) ids.drop(block);
      admission.evicted.length = 0;
    },
    get load() {
      return line.length + batch.size + prefilling.length;
    },
    get clockSeconds() {
      return clock;
    },
    matchingBlocks({ ids: list, from, to }) {
      if (list === null) return 0;
      let i = from;
      while (i < to && (pool.isResident(list[i]) || tiers.locate(list[i]) >= 0)) i++;
      return i - from;
    },
    finish() {
      tiers.settleTime(clock);
      return {
        endSeconds: workedUntil,
        busySeconds,
        waitSeconds,
        idleSeconds,
        clockSeconds: clock,
        iterations,
        contextTokens,
        preemptions,
        unkeptBlocks: retirement.unkept,
        pinnedBlocks: pool.pinned,
        tiers: tiers.totals,
        tierBlocks: tierSpecs.map((_, t) => tiers.sizeOf(t)),
        storedBlocks: pool.stored,
        removedBlocks: pool.removed,
        traffic: trafficOf(network),
      };
    },
  };
}
