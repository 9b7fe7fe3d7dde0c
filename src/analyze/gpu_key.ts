/** Product names of NVIDIA's tools to keys of the factor tables, most particular first. */
const KEYS: readonly (readonly [RegExp, string])[] = [
  [/H200/, "h200_sxm"],
  [/B300/, "b300_sxm"],
  [/B200|GB200/, "b200_sxm"],
  [/H100.*(PCIe|NVL)/, "h100_pcie"],
  [/H100/, "h100_sxm"],
  [/A100.*PCIe?.*80/i, "a100_pcie"],
  [/A100.*PCI/i, "a100_pcie"],
  [/A100.*80/, "a100_sxm"],
  [/A100/, "a100_40g_sxm"],
  [/L40S/, "l40s"],
  [/\bL4\b/, "l4"],
  [/A10G/, "a10g"],
  [/\bA10\b/, "a10"],
  [/\bT4\b/, "t4"],
  [/V100/, "v100_sxm"],
];

/** The factor key of a GPU's product name ("NVIDIA H100 80GB HBM3" is `h100_sxm`), or undefined. */
export function gpuKey(productName: string): string | undefined {
  return KEYS.find(([pattern]) => pattern.test(productName))?.[1];
}
