import { dataError } from "../model/errors.ts";
import type { SampleColumns, SampleSeries } from "../model/trace/samples.ts";
import type { Trace } from "../model/trace/trace.ts";
import type { CounterRecording } from "../parse/reading.ts";
import type { ImportInput } from "./importer.ts";

/** Why a number that was read can be no reading; null when it can. */
function impossible(value: number | null, type: SampleSeries["type"]): string | null {
  if (value === null) return null;
  if (!Number.isFinite(value)) return "the number is out of range";
  return type === "counter" && value < 0 ? "a counter cannot be negative" : null;
}

/** Collects readings in long form; numbers of series and reasons follow their first appearance. */
export class SampleBuilder {
  readonly series: SampleSeries[] = [];
  readonly reasons: string[] = [];
  readonly #seriesNumbers = new Map<string, number>();
  readonly #reasonNumbers = new Map<string, number>();
  readonly #time: number[] = [];
  readonly #series: number[] = [];
  readonly #value: number[] = [];
  readonly #reason: number[] = [];

  get count(): number {
    return this.#time.length;
  }

  add(timeNs: number, series: SampleSeries, value: number | null, reason: string | null): void {
    const key = `${series.source}\0${series.device}\0${series.field}`;
    let number = this.#seriesNumbers.get(key);
    if (number === undefined) {
      number = this.series.push(series) - 1;
      this.#seriesNumbers.set(key, number);
    }
    this.#time.push(timeNs);
    this.#series.push(number);
    const refused = impossible(value, series.type);
    const known = value !== null && refused === null;
    this.#value.push(known ? value : NaN);
    this.#reason.push(known ? -1 : this.#reasonOf(refused ?? reason ?? "not reported"));
  }

  #reasonOf(text: string): number {
    let number = this.#reasonNumbers.get(text);
    if (number === undefined) {
      number = this.reasons.push(text) - 1;
      this.#reasonNumbers.set(text, number);
    }
    return number;
  }

  columns(): SampleColumns {
    return {
      kind: "samples",
      count: this.#time.length,
      timeNs: Float64Array.from(this.#time),
      series: Uint32Array.from(this.#series),
      value: Float64Array.from(this.#value),
      reason: Int32Array.from(this.#reason),
    };
  }
}

/** The trace that a builder holds. */
export async function builtSamples(
  input: ImportInput,
  format: string,
  builder: SampleBuilder,
  notes: readonly string[],
): Promise<Trace<"samples">> {
  const columns = builder.columns();
  return {
    kind: "samples",
    name: input.label,
    format,
    sha256: await input.sha256(),
    rows: columns.count,
    meta: { series: builder.series, reasons: builder.reasons },
    notes,
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

const ASSUMED_STEP_NS = 1e9;

/**
 * A trace of samples from a recorded output. Snapshots without a time stand one second apart.
 *
 * @throws data error when times go back: two recordings were joined in the wrong order.
 */
export async function sampleTrace(
  input: ImportInput,
  format: string,
  recording: CounterRecording,
): Promise<Trace<"samples">> {
  const builder = new SampleBuilder();
  const first = recording.snapshots.find((s) => s.unixMs !== null)?.unixMs ?? null;
  let timeNs = 0;
  recording.snapshots.forEach((snapshot, i) => {
    const at = snapshot.unixMs === null || first === null
      ? i === 0 ? 0 : timeNs + ASSUMED_STEP_NS
      : Math.round((snapshot.unixMs - first) * 1e6);
    if (at < timeNs) {
      throw dataError(
        `${input.label}: sample ${i + 1} is ${(timeNs - at) / 1e9} s before the one above it`,
        "put the recordings in the order of their times, or import them one by one",
      );
    }
    timeNs = at;
    for (const { device, field, unit, type, value, reason } of snapshot.readings) {
      builder.add(timeNs, { source: recording.source, device, field, unit, type }, value, reason);
    }
  });
  const unknown = recording.snapshots.flatMap((s) => s.readings).filter((r) => r.value === null);
  return await builtSamples(input, format, builder, [
    `${recording.snapshots.length} sample${recording.snapshots.length === 1 ? "" : "s"} of ` +
    `${builder.series.length} series`,
    ...(unknown.length === 0
      ? []
      : [`${unknown.length} readings are unknown, each with its reason`]),
    ...recording.notes,
  ]);
}
