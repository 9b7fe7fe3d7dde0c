/** Product names of the vendors' tools to keys of the factor tables, most particular first. */
const KEYS: readonly (readonly [RegExp, string])[] = [
  [/GB300/, "gb300"],
  [/GB200/, "gb200"],
  [/GH200/, "gh200"],
  [/H200/, "h200_sxm"],
  [/B300/, "b300_sxm"],
  [/B200/, "b200_sxm"],
  [/H100.*(PCIe|NVL)/, "h100_pcie"],
  [/H100/, "h100_sxm"],
  [/A100.*PCI/i, "a100_pcie"],
  [/A100.*80/, "a100_sxm"],
  [/A100/, "a100_40g_sxm"],
  [/MI300X/, "mi300x"],
  [/RTX PRO 6000/, "rtx_pro_6000_server"],
  [/RTX A6000/, "rtx_a6000"],
  [/RTX 4090/, "rtx4090"],
  [/RTX 3090/, "rtx3090"],
  [/L40S/, "l40s"],
  [/\bL4\b/, "l4"],
  [/\bA10G?\b/, "a10"],
  [/\bA30\b/, "a30"],
  [/\bA40\b/, "a40"],
  [/\bT4\b/, "t4"],
  [/V100.*SXM/, "v100_32g_sxm"],
];

/**
 * The factor key of a GPU's product name ("NVIDIA H100 80GB HBM3" is `h100_sxm`). A product without a row
 * keeps its name in the spelling of keys, so that a user can give figures for it; undefined without a name.
 */
export function gpuKey(productName: string): string | undefined {
  const known = KEYS.find(([pattern]) => pattern.test(productName))?.[1];
  const own = productName.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
  return known ?? (own === "" ? undefined : own);
}
