/** A workload of MLPerf Storage v1.0: sizes and times of its configuration files. */
export interface MlperfWorkload {
  readonly sampleBytes: number;
  readonly stdevBytes: number;
  readonly samplesPerFile: number;
  readonly files: number;
  readonly batchSize: number;
  readonly readThreads: number;
  /** Seconds of a step by emulated accelerator. */
  readonly computeSeconds: { readonly a100: number; readonly h100: number };
  readonly targetRatio: number;
}

/** mlcommons/storage v1.0, configs/dlio/workload/{unet3d,resnet50,cosmoflow}_{a100,h100}.yaml (Apache-2.0). */
export const MLPERF_WORKLOADS: Readonly<Record<string, MlperfWorkload>> = {
  unet3d: {
    sampleBytes: 146_600_628,
    stdevBytes: 68_341_808,
    samplesPerFile: 1,
    files: 168,
    batchSize: 7,
    readThreads: 4,
    computeSeconds: { a100: 0.636, h100: 0.323 },
    targetRatio: 0.9,
  },
  resnet50: {
    sampleBytes: 114_660.07,
    stdevBytes: 0,
    samplesPerFile: 1251,
    files: 1024,
    batchSize: 400,
    readThreads: 8,
    computeSeconds: { a100: 0.435, h100: 0.224 },
    targetRatio: 0.9,
  },
  cosmoflow: {
    sampleBytes: 2_828_486,
    stdevBytes: 71_311,
    samplesPerFile: 1,
    files: 524_288,
    batchSize: 1,
    readThreads: 4,
    computeSeconds: { a100: 0.00551, h100: 0.0035 },
    targetRatio: 0.7,
  },
};
