import type { RequestHint } from "../../model/eviction.ts";
import { attentionPairs } from "../../model/llm_math.ts";
import { createAdmission } from "./admission.ts";
import type { EngineConfig } from "./config.ts";
import { createDecodeBatch } from "./decode_batch.ts";
import { createGpuPool } from "./gpu_pool.ts";
import { createIdSpace } from "./id_space.ts";
import type { InstanceTotals, Recorder } from "./recorder.ts";
import { createSequence, type EngineRequest, type Sequence } from "./request.ts";
import { createSessionBlocks } from "./session_blocks.ts";
import { createTierStack } from "./tiers.ts";
import { createWaitingLine } from "./waiting_line.ts";

/**
 * One serving instance, replayed iteration by iteration: first-come-first-served continuous batching with
 * chunked prefill over a paged prefix cache. Runs of decode iterations between two changes of the batch
 * are advanced at once, in closed form.
 */
export interface Instance {
  /**
   * Lets the instance work until its clock has reached the horizon, ending the iteration in progress. The
   * horizon may come closer meanwhile: a completion can cause an arrival (closed loop).
   */
  advanceTo(horizon: Horizon): void;
  submit(request: EngineRequest, arrivalSeconds: number): void;
  /** Requests waiting or running. */
  readonly load: number;
  /** Time up to which it has worked. */
  readonly clockSeconds: number;
  /** Leading blocks of a request found in GPU memory or a tier, for prefix-aware routing. */
  matchingBlocks(request: EngineRequest): number;
  finish(): InstanceTotals;
}

/** A point in simulated time. */
export interface Horizon {
  seconds: number;
}

/** Makes an idle instance at time 0. */
export function createInstance(config: EngineConfig, recorder: Recorder): Instance {
  const { blockTokens, maxSequences, maxBatchTokens, timing, llm } = config;
  const network = config.createNetwork();
  const ids = createIdSpace(config.uniqueBlocks, config.decodedIds);
  const pool = createGpuPool(config.gpuBlocks, ids.size);
  let clock = 0;
  const now = () => clock;
  const { tiers: tierSpecs, tierRules, eviction, seed } = config;
  const tiers = createTierStack(tierSpecs, tierRules, eviction, network, ids, seed, now);
  const sessions = createSessionBlocks(blockTokens, ids);
  const hintOf = (sequence: Sequence): RequestHint => ({
    timeSeconds: clock,
    turn: sequence.request.turn,
  });
  const admission = createAdmission(config, pool, tiers, ids, recorder, hintOf);
  const line = createWaitingLine();
  const batch = createDecodeBatch(blockTokens);
  const prefilling: Sequence[] = [];
  let started = 0;
  // The head of the queue failed for want of this many blocks; retried when as many are available.
  let blockedNeed = 0;
  let busySeconds = 0;
  let waitSeconds = 0;
  let preemptions = 0;
  let iterations = 0;
  let contextTokens = 0;
  let lastEnd = 0;

  const admit = (): void => {
    while (batch.size + prefilling.length < maxSequences) {
      const sequence = line.head();
      if (sequence === null) return;
      const working = batch.size + prefilling.length > 0;
      if (working && blockedNeed > pool.available()) return;
      blockedNeed = admission.start(sequence);
      if (blockedNeed === 0) {
        sequence.order = started++;
        prefilling.push(sequence);
      } else if (working) {
        return;
      } else {
        // Nothing runs and it still does not fit: it never will.
        blockedNeed = 0;
        recorder.reject(sequence.request);
      }
      line.dequeue();
    }
  };
  /** Lets go of a sequence's blocks; what has an id stays cached, the tail to be evicted first. */
  const letGo = (sequence: Sequence, privates: number): void => {
    const { ids: list, from, to } = sequence.request;
    if (list !== null) { for (let i = to - 1; i >= from; i--) pool.unpin(list[i]); }
    pool.freePrivate(privates);
    blockedNeed = 0;
  };
  const complete = (sequence: Sequence): void => {
    const { request } = sequence;
    let privates = batch.heldBlocks(sequence);
    if (request.ids !== null) {
      // Blocks that decoding filled stay cached under ids of their own; the next turn may claim them.
      const stored = request.inputTokens + request.outputTokens - 1;
      const kept: number[] = [];
      for (let at = request.to - request.from; at < Math.floor(stored / blockTokens); at++) {
        const id = privates > 0 ? ids.take() : -1;
        if (id < 0) break;
        ids.place(id);
        pool.keepPrivate(id);
        privates--;
        kept.push(id);
      }
      if (config.saveOnCompute) tiers.save(kept, 0, kept.length, hintOf(sequence));
      if (request.session >= 0) sessions.remember(request, kept);
    }
    letGo(sequence, privates);
    lastEnd = Math.max(lastEnd, clock);
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
    for (const transfer of sequence.waits) end = Math.max(end, network.endSeconds(transfer));
    return end;
  };
  const earliestLoad = (): number => {
    let earliest = Infinity;
    for (const sequence of prefilling) earliest = Math.min(earliest, loadEnd(sequence));
    return earliest;
  };
  /** Runs decode iterations until the batch may change or the horizon is reached. */
  const decodeRun = (horizon: number): void => {
    let steps = Math.max(1, batch.stepsToFirstEnd());
    const limit = Math.min(horizon, prefilling.length === 0 ? Infinity : earliestLoad());
    if (clock + timing.decode(batch.size, batch.context, steps) > limit) {
      // Fewest iterations whose end reaches the limit: the scheduler acts between iterations.
      let low = 1;
      let high = steps;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (clock + timing.decode(batch.size, batch.context, middle) >= limit) high = middle;
        else low = middle + 1;
      }
      steps = low;
    }
    steps = grow(steps);
    if (steps === 0) return;
    const seconds = timing.decode(batch.size, batch.context, steps);
    busySeconds += seconds;
    iterations += steps;
    contextTokens += steps * batch.context + batch.size * steps * (steps - 1) / 2;
    clock += seconds;
    network.advance(clock);
    batch.take(steps, complete);
  };

  // The prompts computed in the next iteration, the tokens of each, and the work of all.
  const chosen: Sequence[] = [];
  const chunks: number[] = [];
  const work = { tokens: 0, pairs: 0, extraFlops: 0, contextRead: 0 };
  /** Chooses them in order of start within the token budget; returns when their loads end. */
  const choosePrefill = (): number => {
    chosen.length = 0;
    chunks.length = 0;
    work.tokens =
      work.pairs =
      work.extraFlops =
      work.contextRead =
        0;
    let budget = maxBatchTokens - batch.size;
    let loadsUntil = 0;
    for (const sequence of prefilling) {
      if (budget <= 0) break;
      const chunk = Math.min(budget, sequence.target - sequence.computed);
      const to = sequence.computed + chunk;
      const pairs = attentionPairs(llm, sequence.computed, to, config.causal);
      const end = sequence.waits.length === 0 ? 0 : loadEnd(sequence);
      if (end > clock) {
        if (!config.layerwise) continue;
        // Computing may follow the load layer by layer, but others must not wait long for it.
        const compute = timing.prefillSeconds(chunk, pairs, sequence.restoreFlops);
        if (end > clock + compute && (batch.size > 0 || chosen.length > 0)) continue;
      }
      loadsUntil = Math.max(loadsUntil, end);
      chosen.push(sequence);
      chunks.push(chunk);
      budget -= chunk;
      work.tokens += chunk;
      work.pairs += pairs;
      work.extraFlops += sequence.restoreFlops;
      work.contextRead += sequence.computed;
    }
    return loadsUntil;
  };
  const prefillIteration = (loadsUntil: number): void => {
    // When every decoding sequence was preempted for want of blocks, the prompts go on alone.
    if (batch.size > 0) grow(1);
    const decoding = batch.size;
    const compute = timing.iteration(work, decoding, batch.context);
    // Layer-wise overlap with fill and drain: the last layer is computed after its part has come.
    const drained = loadsUntil > clock ? loadsUntil + compute / llm.layers : 0;
    const end = Math.max(clock + compute, drained);
    busySeconds += compute;
    waitSeconds += end - clock - compute;
    iterations++;
    contextTokens += batch.context;
    clock = end;
    network.advance(clock);
    if (decoding > 0) batch.take(1, complete);
    for (let i = 0; i < chosen.length; i++) {
      const sequence = chosen[i];
      sequence.computed += chunks[i];
      sequence.restoreFlops = 0;
      for (const transfer of sequence.waits) network.release(transfer);
      sequence.waits.length = 0;
    }
    let left = 0;
    for (const sequence of prefilling) {
      if (sequence.computed < sequence.target) prefilling[left++] = sequence;
    }
    const ended = prefilling.length > left ? chosen.filter((s) => s.computed >= s.target) : [];
    prefilling.length = left;
    for (const sequence of ended) endPrefill(sequence);
  };
  const endPrefill = (sequence: Sequence): void => {
    const { request } = sequence;
    if (config.saveOnCompute && request.ids !== null) {
      const first = request.from + sequence.reusedBlocks;
      tiers.save(request.ids, first, request.to, hintOf(sequence));
    }
    if (sequence.firstTokenSeconds < 0) sequence.firstTokenSeconds = clock;
    sequence.generated++;
    if (sequence.generated >= request.outputTokens) complete(sequence);
    else batch.join(sequence);
  };
  /** Only loads are in flight: the GPU waits for the first of them, or for the horizon. */
  const awaitLoad = (horizon: number): void => {
    const next = Math.min(horizon, earliestLoad());
    waitSeconds += next - clock;
    clock = next;
    network.advance(clock);
  };
  const renameDecoded = (from: number, to: number): void => {
    if (pool.isIdle(from) && !pool.isResident(to)) {
      // Cached again under the trace's id, as the most recent: the request that claims it is here.
      pool.drop(from);
      pool.takePrivate(1, admission.evicted);
      pool.keepPrivate(to);
      ids.place(to);
      ids.drop(from);
    }
    tiers.rename(from, to);
  };

  return {
    advanceTo(horizon) {
      while (clock < horizon.seconds) {
        admit();
        if (prefilling.length > 0) {
          const loadsUntil = choosePrefill();
          if (chosen.length > 0) {
            prefillIteration(loadsUntil);
            continue;
          }
        }
        if (batch.size > 0) decodeRun(horizon.seconds);
        else if (prefilling.length > 0) awaitLoad(horizon.seconds);
        else if (line.length === 0) {
          if (horizon.seconds === Infinity) return;
          clock = horizon.seconds;
          network.advance(clock);
        }
      }
    },
    submit(request, arrivalSeconds) {
      if (request.ids !== null && request.session >= 0) sessions.claim(request, renameDecoded);
      const sequence = createSequence(request, arrivalSeconds);
      if (config.prefetch && request.ids !== null && line.length + prefilling.length > 0) {
        sequence.prefetch = tiers.prefetch(
          request.ids,
          request.from,
          request.to,
          hintOf(sequence),
        );
      }
      line.enqueue(sequence);
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
        endSeconds: lastEnd,
        busySeconds,
        waitSeconds,
        iterations,
        contextTokens,
        preemptions,
        pinnedBlocks: pool.pinned,
        tiers: tiers.totals,
        tierBlocks: tierSpecs.map((_, t) => tiers.sizeOf(t)),
        linkBusySeconds: network.linkBusySeconds,
      };
    },
  };
}
