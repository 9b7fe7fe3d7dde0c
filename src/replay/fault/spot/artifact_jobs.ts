import type { SpotJob } from "./simulate.ts";

/**
 * Step times of the published Oobleck artifact (SymbioticLab/Oobleck, SOSP'23, MIT; as of 2023-10) for 12 to
 * 30 ready nodes (one A40 each), milliseconds; 1e12 where the model does not fit.
 * The rendezvous is one time or one a row.
 */
interface Measured {
  readonly samplesPerStep: number;
  readonly firstRendezvousMs: number;
  readonly checkpointMs: number;
  readonly stepMs: readonly number[];
  readonly rendezvousMs: number | readonly number[];
}

const FIRST_NODES = 12;

const OOBLECK: Readonly<Record<string, Measured>> = {
  "BERT-large": {
    samplesPerStep: 8192,
    firstRendezvousMs: 2000,
    checkpointMs: 0,
    // deno-fmt-ignore
    stepMs: [42599, 42599, 42599, 42599, 38137, 39157, 35921, 33634, 31305, 31469, 28658, 29411, 26907, 26665, 24889, 24992, 24948, 22616, 22246],
    // deno-fmt-ignore
    rendezvousMs: 2000,
  },
  "GPT-2-ours": {
    samplesPerStep: 1024,
    firstRendezvousMs: 2000,
    checkpointMs: 0,
    // deno-fmt-ignore
    stepMs: [18313, 18313, 18313, 18313, 16319, 16249, 15340, 14304, 13348, 13307, 12288, 12277, 11312, 11250, 10293, 10232, 10360, 9337, 9308],
    // deno-fmt-ignore
    rendezvousMs: 2000,
  },
  "GPT-3-medium": {
    samplesPerStep: 819,
    firstRendezvousMs: 3000,
    checkpointMs: 0,
    // deno-fmt-ignore
    stepMs: [42872, 42872, 42872, 42872, 39251, 37957, 35555, 34375, 31881, 30691, 29487, 28276, 27082, 25863, 24565, 23655, 22810, 22024, 21290],
    // deno-fmt-ignore
    rendezvousMs: 3000,
  },
  "GPT-3-2_7b": {
    samplesPerStep: 512,
    firstRendezvousMs: 6000,
    checkpointMs: 0,
    // deno-fmt-ignore
    stepMs: [99792, 99792, 99792, 99792, 90931, 90930, 83727, 83865, 75323, 76363, 72594, 68860, 68155, 67129, 64114, 61739, 59534, 57481, 55565],
    // deno-fmt-ignore
    rendezvousMs: 6000,
  },
  "GPT-3-6_7b": {
    samplesPerStep: 1024,
    firstRendezvousMs: 10000,
    checkpointMs: 0,
    // deno-fmt-ignore
    stepMs: [1e12, 1e12, 1e12, 1e12, 290010, 311815, 284976, 275837, 246483, 255307, 259424, 244672, 236493, 212941, 214521, 206576, 199198, 192329, 185918],
    // deno-fmt-ignore
    rendezvousMs: 10000,
  },
};

const VARUNA: Readonly<Record<string, Measured>> = {
  "BERT-large": {
    samplesPerStep: 8192,
    firstRendezvousMs: 76000,
    checkpointMs: 15800,
    // deno-fmt-ignore
    stepMs: [42366, 42366, 42366, 42366, 40440, 38682, 36840, 35165, 33636, 32035, 30578, 29249, 28244, 27454, 26767, 25086, 24855, 24697, 23874],
    // deno-fmt-ignore
    rendezvousMs: [71300, 71300, 71300, 71300, 75000, 78700, 82400, 86100, 89800, 93500, 97200, 100900, 104600, 108300, 112000, 49100, 67600, 67600, 71300],
  },
  "GPT-2-ours": {
    samplesPerStep: 1024,
    firstRendezvousMs: 83000,
    checkpointMs: 11500,
    // deno-fmt-ignore
    stepMs: [15925, 15925, 15925, 15925, 14532, 14532, 13076, 13076, 11595, 11930, 10594, 10594, 10031, 10031, 9232, 9585, 8705, 8705, 8140],
    // deno-fmt-ignore
    rendezvousMs: 83000,
  },
  "GPT-3-medium": {
    samplesPerStep: 819,
    firstRendezvousMs: 78700,
    checkpointMs: 11200,
    // deno-fmt-ignore
    stepMs: [39164, 39164, 39164, 39164, 35781, 35781, 32421, 32421, 29010, 28976, 28976, 28976, 24502, 24502, 24502, 22844, 21061, 21061, 19501],
    // deno-fmt-ignore
    rendezvousMs: 78700,
  },
  "GPT-3-2_7b": {
    samplesPerStep: 512,
    firstRendezvousMs: 515000,
    checkpointMs: 50000,
    // deno-fmt-ignore
    stepMs: [105267, 105267, 105267, 105267, 79693, 79693, 79693, 79693, 68543, 68543, 68543, 68543, 56264, 56264, 56264, 56264, 54325, 54325, 52418],
    // deno-fmt-ignore
    rendezvousMs: 515000,
  },
  "GPT-3-6_7b": {
    samplesPerStep: 1024,
    firstRendezvousMs: 701000,
    checkpointMs: 120000,
    // deno-fmt-ignore
    stepMs: [339475, 339475, 339475, 339475, 258993, 258993, 258993, 258993, 227384, 227384, 227384, 227384, 200906, 200906, 200906, 200906, 195396, 195396, 195396],
    // deno-fmt-ignore
    rendezvousMs: 701000,
  },
};

/** Models whose step times are known. */
export const SPOT_MODELS: readonly string[] = Object.keys(OOBLECK);

/** The job of the artifact for a model. @throws {RangeError} for a model it does not hold. */
export function artifactJob(system: SpotJob["system"], model: string): SpotJob {
  const measured = (system === "oobleck" ? OOBLECK : VARUNA)[model];
  if (measured === undefined) throw new RangeError(`no step times of ${system} for "${model}"`);
  const { rendezvousMs } = measured;
  return {
    system,
    samplesPerStep: measured.samplesPerStep,
    byNodes: measured.stepMs.map((stepMs, i) => ({
      nodes: FIRST_NODES + i,
      stepMs,
      rendezvousMs: typeof rendezvousMs === "number" ? rendezvousMs : rendezvousMs[i],
    })),
    firstRendezvousMs: measured.firstRendezvousMs,
    nodeStartMs: 45_000,
    minNodes: FIRST_NODES,
    checkpointMs: measured.checkpointMs,
    checkpointSteps: 10,
    usdPerNodeHour: 0.91,
  };
}
