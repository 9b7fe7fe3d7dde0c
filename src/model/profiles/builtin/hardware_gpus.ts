/** Facts of one GPU. Bytes, bytes a second in one direction, dense FLOPS, watts; null where not known. */
export interface GpuRow {
  readonly key: string;
  readonly memoryBytes: number;
  readonly memoryBytesPerSecond: number;
  readonly bf16Flops: number;
  readonly watts: number;
  /** Line rate of the host link in one direction. */
  readonly hostBytesPerSecond: number;
  /** Between GPUs of a node, in one direction; null where it is the host link. */
  readonly gpuBytesPerSecond: number | null;
  readonly nicBytesPerSecond: number | null;
  /** Calibrated share of peak FLOPS in prefill; null: the default of the schema. */
  readonly prefillEfficiency: number | null;
  readonly pcieGeneration: 3 | 4 | 5 | 6;
  readonly source: string;
}

const AIC = "ai-dynamo/aiconfigurator systems/*.yaml (read 2026-08)";

function row(
  key: string,
  memoryBytes: number,
  memoryGBps: number,
  tflops: number,
  watts: number,
  hostGBps: number,
  gpuGBps: number | null,
  nicGBps: number | null,
  pcieGeneration: GpuRow["pcieGeneration"],
  source: string,
): GpuRow {
  const efficiency = key.startsWith("h100")
    ? 0.45
    : key.startsWith("a100")
    ? 0.38
    : key === "l40s"
    ? 0.32
    : null;
  return {
    key,
    memoryBytes,
    memoryBytesPerSecond: memoryGBps * 1e9,
    bf16Flops: tflops * 1e12,
    watts,
    hostBytesPerSecond: hostGBps * 1e9,
    gpuBytesPerSecond: gpuGBps === null ? null : gpuGBps * 1e9,
    nicBytesPerSecond: nicGBps === null ? null : nicGBps * 1e9,
    prefillEfficiency: efficiency,
    pcieGeneration,
    source,
  };
}

/**
 * GPUs by key of the factor tables. FLOPS are dense: a sparse figure found elsewhere (L40S fp8 1,466) is
 * twice the dense one. H200 is sold as 141 GB; machines report less, so reserve accordingly.
 */
export const GPU_ROWS: readonly GpuRow[] = [
  row("a100_pcie", 85899345920, 1935, 312, 300, 32, null, 25, 4, AIC),
  row("a100_sxm", 85899345920, 2039, 312, 400, 32, 300, 25, 4, AIC),
  row("a100_40g_sxm", 42949672960, 1555, 312, 400, 32, 300, null, 4, "vidur; 1555 GB/s recalled"),
  row("a30", 25769803776, 933, 165, 165, 32, null, 25, 4, AIC),
  row("b200_sxm", 193273528320, 7700, 2250, 1000, 128, 900, 100, 6, AIC),
  row("b300_sxm", 288400343040, 7750, 2250, 1100, 128, 900, 100, 6, AIC),
  row("b60", 25769803776, 456, 98.304, 200, 32, 28.4, 50, 5, AIC),
  row("gb200", 198674743296, 8000, 2500, 1200, 64, 900, 900, 5, AIC),
  row("gb300", 298013687808, 8000, 2500, 1400, 64, 900, 900, 5, AIC),
  row("h100_pcie", 85899345920, 2000, 756.5, 350, 64, null, 50, 5, AIC),
  row("h100_sxm", 85899345920, 3350, 989, 700, 64, 450, 50, 5, AIC),
  row("h200_sxm", 141e9, 4800, 989, 700, 64, 450, 50, 5, `${AIC}; memory 141 GB, not GiB`),
  row("l4", 25769803776, 300, 121, 72, 32, null, 25, 4, AIC),
  row("l40s", 48305799168, 864, 362.05, 350, 32, null, 50, 4, AIC),
  row("rtx_pro_6000_server", 102641958912, 1792, 467.800534963698, 600, 64, null, 50, 5, AIC),
  row("t4", 17179869184, 320, 65.13, 70, 16, null, null, 3, "comparison pages; fp16, no bf16"),
  row("rtx4090", 25769803776, 1008, 165, 450, 32, null, null, 4, "165 TFLOPS recalled, not seen"),
  row("rtx3090", 25769803776, 936, 71, 350, 32, null, null, 4, "recalled, not seen"),
  row("a10", 25769803776, 600.2, 125, 150, 32, null, null, 4, "sysrqmts; FLOPS and watts recalled"),
  row("a40", 51539607552, 695.8, 150, 300, 32, null, null, 4, "alldbin; 150 TFLOPS vidur"),
  row("v100_32g_sxm", 34359738368, 900, 125, 300, 16, 150, null, 3, "recalled, not seen; fp16"),
];
