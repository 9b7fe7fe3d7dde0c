import type { SampleSink, SourceContext } from "../../src/collect/source.ts";

/** One reading as it was pushed. */
export interface Pushed {
  readonly name: string;
  readonly value: number | null;
  readonly reason: string | undefined;
  readonly timeNs: number | null;
}

/** A sink that keeps what a source pushes; series are named `device field`. */
export function collector(): {
  readonly sink: SampleSink;
  readonly pushed: readonly Pushed[];
  readonly last: (name: string) => Pushed | undefined;
} {
  const names: string[] = [];
  const pushed: Pushed[] = [];
  let time: number | null = null;
  const sink: SampleSink = {
    series({ device, field }) {
      const name = `${device} ${field}`;
      return names.includes(name) ? names.indexOf(name) : names.push(name) - 1;
    },
    push: (series, value, reason) =>
      pushed.push({ name: names[series], value, reason, timeNs: time }),
    at: (timeNs) => time = timeNs,
  };
  return { sink, pushed, last: (name) => pushed.findLast((p) => p.name === name) };
}

/** The context of a source at 10 Hz, with the real clock. */
export function sourceContext(root: string): SourceContext {
  const started = performance.now();
  return {
    root,
    intervalNs: 1e8,
    follows: false,
    pid: () => null,
    nowNs: () => (performance.now() - started) * 1e6,
  };
}
