import type { EngineProfile } from "../../../src/model/profiles/engine.ts";
import { BUILTIN_HARDWARE } from "../../../src/model/profiles/builtin/hardware.ts";

function measured(value: number) {
  return {
    value,
    low: value * 0.9,
    high: value * 1.1,
    evidence: "measured",
    source: "test",
  } as const;
}

/** An engine with round numbers: 1 ms a token, 1 µs a pair, 1000 B a token, loads at 100 MB/s. */
export const ENGINE: EngineProfile = {
  name: "test engine",
  model: "test",
  threads: 1,
  contextTokens: 1024,
  prefill: {
    baseSeconds: measured(0.002),
    secondsPerToken: measured(0.001),
    secondsPerPair: measured(1e-6),
  },
  decodeSecondsPerToken: measured(0.005),
  stateHeaderBytes: 172,
  stateBytesPerToken: 1000,
  save: { baseSeconds: measured(0.001), secondsPerByte: measured(2e-8) },
  loadWarm: { baseSeconds: measured(0.0005), secondsPerByte: measured(1e-9) },
  loadCold: { baseSeconds: measured(0.001), secondsPerByte: measured(1e-8) },
};

/** A machine that has it. */
export const MACHINE = {
  ...BUILTIN_HARDWARE.find((h) => h.name === "a100_sxm")!,
  engine: ENGINE,
};
