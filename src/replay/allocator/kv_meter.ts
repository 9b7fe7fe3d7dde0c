import type { Series } from "../../model/policy.ts";

/** KV slots (tokens) at one moment. */
export interface KvMoment {
  readonly seconds: number;
  /** Slots that hold a token. */
  readonly token: number;
  /** Slots that running requests hold and will still write. */
  readonly reserved: number;
  /** Slots that running requests hold and will never write. */
  readonly internal: number;
  /** Slots that running requests hold, whatever is in them. */
  readonly held: number;
  readonly batch: number;
}

/** Collects the state after every step: time-weighted shares, peaks, a thinned line. */
export class KvMeter {
  readonly #points: number;
  #stride = 1;
  #steps = 0;
  #kept: KvMoment[] = [];
  readonly #sums = { token: 0, reserved: 0, internal: 0, held: 0, batch: 0 };
  peakBatch = 0;
  peakToken = 0;
  peakHeld = 0;

  constructor(points: number) {
    this.#points = Math.max(16, points);
  }

  add(moment: KvMoment): void {
    this.#sums.token += moment.token;
    this.#sums.reserved += moment.reserved;
    this.#sums.internal += moment.internal;
    this.#sums.held += moment.held;
    this.#sums.batch += moment.batch;
    this.peakBatch = Math.max(this.peakBatch, moment.batch);
    this.peakToken = Math.max(this.peakToken, moment.token);
    this.peakHeld = Math.max(this.peakHeld, moment.held);
    if (this.#steps++ % this.#stride === 0) {
      this.#kept.push(moment);
      if (this.#kept.length > this.#points) {
        this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
        this.#stride *= 2;
      }
    }
  }

  /** Moments that were added. */
  get steps(): number {
    return this.#steps;
  }

  /** Share of the held slots without a token; null when nothing was ever held. */
  get wasteRatio(): number | null {
    return this.#sums.held === 0 ? null : 1 - this.#sums.token / this.#sums.held;
  }

  /** Mean number of running requests over the steps; null when there was none. */
  get meanBatch(): number | null {
    return this.#steps === 0 ? null : this.#sums.batch / this.#steps;
  }

  /** Shares of a pool over all steps, which take the same time each; null when there was no step. */
  shares(poolSlots: number): { token: number; reserved: number; internal: number } | null {
    const whole = this.#steps * poolSlots;
    if (whole === 0) return null;
    const { token, reserved, internal } = this.#sums;
    return { token: token / whole, reserved: reserved / whole, internal: internal / whole };
  }

  series(): Series[] {
    const line = (
      id: string,
      title: string,
      of: (m: KvMoment) => number,
      unit = "slots",
    ): Series => ({
      id,
      title,
      xUnit: "seconds",
      unit,
      x: this.#kept.map((m) => m.seconds),
      y: this.#kept.map(of),
    });
    return [
      line("kv_held_slots", "KV slots held by running requests", (m) => m.held),
      line("kv_token_slots", "KV slots that hold a token", (m) => m.token),
      line("kv_reserved_slots", "KV slots held for tokens to come", (m) => m.reserved),
      line("kv_internal_slots", "KV slots held and never written", (m) => m.internal),
      line("kv_batch", "running requests", (m) => m.batch, "requests"),
    ];
  }
}
