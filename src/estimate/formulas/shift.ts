/** A deferrable job over slots of equal length. */
export interface ShiftJob {
  /** Slots of work. */
  readonly slots: number;
  /** IT energy of a slot at the facility's meter, kWh. */
  readonly kwhPerSlot: number;
  /** Energy of one resume, kWh; paid at the intensity of the first slot of every further segment. */
  readonly restartKwh?: number;
  /** Grams of carbon of keeping inputs or state stored for one slot of waiting (F22). */
  readonly heldGramsPerSlot?: number;
}

export interface ShiftPlan {
  /** Chosen slots, ascending. */
  readonly slots: readonly number[];
  readonly segments: number;
  readonly computeGrams: number;
  readonly restartGrams: number;
  readonly heldGrams: number;
  readonly totalGrams: number;
}

function plan(slots: number[], intensity: ArrayLike<number>, job: ShiftJob): ShiftPlan {
  let compute = 0;
  let restart = 0;
  let segments = 0;
  slots.forEach((slot, i) => {
    compute += intensity[slot] * job.kwhPerSlot;
    if (i === 0 || slots[i - 1] !== slot - 1) {
      if (i > 0) restart += intensity[slot] * (job.restartKwh ?? 0);
      segments++;
    }
  });
  // Storage is held from slot 0 to the end; only the slots in which nothing runs are waiting.
  const waiting = slots[slots.length - 1] + 1 - slots.length;
  const held = waiting * (job.heldGramsPerSlot ?? 0);
  return {
    slots,
    segments,
    computeGrams: compute,
    restartGrams: restart,
    heldGrams: held,
    totalGrams: compute + restart + held,
  };
}

function usable(intensity: ArrayLike<number>, job: ShiftJob, deadlineSlots?: number): number {
  const end = Math.min(deadlineSlots ?? intensity.length, intensity.length);
  if (!Number.isInteger(job.slots) || job.slots < 1 || job.slots > end) {
    throw new RangeError(`a job of ${job.slots} slots does not fit before the deadline at ${end}`);
  }
  for (let i = 0; i < end; i++) {
    if (!Number.isFinite(intensity[i])) throw new RangeError(`slot ${i} has no intensity`);
  }
  return end;
}

/** The job run at once. */
export function runNow(intensity: ArrayLike<number>, job: ShiftJob): ShiftPlan {
  usable(intensity, job);
  return plan(Array.from({ length: job.slots }, (_, i) => i), intensity, job);
}

/** Best start of an uninterruptible job (F22); ties go to the earliest. */
export function bestContiguous(
  intensity: ArrayLike<number>,
  job: ShiftJob,
  deadlineSlots?: number,
): ShiftPlan {
  const end = usable(intensity, job, deadlineSlots);
  let best: ShiftPlan | null = null;
  for (let start = 0; start + job.slots <= end; start++) {
    const slots = Array.from({ length: job.slots }, (_, i) => start + i);
    const candidate = plan(slots, intensity, job);
    if (best === null || candidate.totalGrams < best.totalGrams) best = candidate;
  }
  return best!;
}

/**
 * Best plan of an interruptible job (F22), exactly: a dynamic program over (slot, work done, running),
 * so that restart and storage costs are weighed against every cheaper slot instead of being added to
 * the cheapest slots afterwards. Ties go to the earliest.
 */
export function bestInterruptible(
  intensity: ArrayLike<number>,
  job: ShiftJob,
  deadlineSlots?: number,
): ShiftPlan {
  const end = usable(intensity, job, deadlineSlots);
  const work = job.slots;
  const width = work + 1;
  const restart = job.restartKwh ?? 0;
  const held = job.heldGramsPerSlot ?? 0;
  // cost[state][done]: state 0 paused after the slot, 1 running in the slot. Waiting costs storage.
  let paused = new Float64Array(width).fill(Infinity);
  let running = new Float64Array(width).fill(Infinity);
  paused[0] = 0;
  // choice[slot * 2 * width + state * width + done]: state before the slot (0 or 1).
  const choice = new Uint8Array(end * 2 * width);
  for (let slot = 0; slot < end; slot++) {
    const nextPaused = new Float64Array(width).fill(Infinity);
    const nextRunning = new Float64Array(width).fill(Infinity);
    for (let done = 0; done <= work; done++) {
      const wait = done < work ? held : 0;
      const stay = paused[done] + wait;
      const stop = running[done] + wait;
      nextPaused[done] = Math.min(stay, stop);
      choice[(slot * 2) * width + done] = stop < stay ? 1 : 0;
      if (done === 0) continue;
      const grams = intensity[slot] * job.kwhPerSlot;
      const resume = paused[done - 1] + grams + (done > 1 ? intensity[slot] * restart : 0);
      const go = running[done - 1] + grams;
      nextRunning[done] = Math.min(resume, go);
      choice[(slot * 2 + 1) * width + done] = go <= resume ? 1 : 0;
    }
    paused = nextPaused;
    running = nextRunning;
  }
  const slots: number[] = [];
  let state = running[work] < paused[work] ? 1 : 0;
  let done = work;
  for (let slot = end - 1; slot >= 0 && done > 0; slot--) {
    const before = choice[(slot * 2 + state) * width + done];
    if (state === 1) {
      slots.push(slot);
      done--;
    }
    state = before;
  }
  return plan(slots.reverse(), intensity, job);
}

/**
 * Moving energy to another grid (E16b): grams gained (negative: saved) by the average and by the
 * marginal signal, which may disagree in sign.
 */
export function regionShift(
  kwh: number,
  from: { readonly average: number; readonly marginal: number | null },
  to: { readonly average: number; readonly marginal: number | null },
): { averageGrams: number; marginalGrams: number | null; agree: boolean | null } {
  const averageGrams = kwh * (to.average - from.average);
  const marginalGrams = from.marginal === null || to.marginal === null
    ? null
    : kwh * (to.marginal - from.marginal);
  return {
    averageGrams,
    marginalGrams,
    agree: marginalGrams === null ? null : Math.sign(averageGrams) === Math.sign(marginalGrams),
  };
}
