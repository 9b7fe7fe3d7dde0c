import type { Series } from "../../model/policy.ts";

/** Slots at one moment. */
export interface KvMoment {
  readonly seconds: number;
  /** Slots that hold a token. */
  readonly token: number;
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
  #tokenSum = 0;
  #heldSum = 0;
  peakBatch = 0;
  peakToken = 0;
  peakHeld = 0;

  constructor(points: number) {
    this.#points = Math.max(16, points);
  }

  add(moment: KvMoment): void {
    this.#tokenSum += moment.token;
    this.#heldSum += moment.held;
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

  get steps(): number {
    return this.#steps;
  }

  /** Share of the held slots without a token; null when nothing was ever held. */
  get wasteRatio(): number | null {
    return this.#heldSum === 0 ? null : 1 - this.#tokenSum / this.#heldSum;
  }

  series(): Series[] {
    const line = (id: string, title: string, of: (m: KvMoment) => number): Series => ({
      id,
      title,
      xUnit: "seconds",
      unit: "slots",
      x: this.#kept.map((m) => m.seconds),
      y: this.#kept.map(of),
    });
    return [
      line("kv_held_slots", "KV slots held by running requests", (m) => m.held),
      line("kv_token_slots", "KV slots that hold a token", (m) => m.token),
    ];
  }
}
