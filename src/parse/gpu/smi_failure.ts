/** Exit codes of nvidia-smi (its manual page, section RETURN VALUE) with what each means here. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  2: "an argument is not valid for this driver",
  3: "the operation is not available on this GPU",
  4: "no permission to ask the driver",
  6: "a GPU was not found",
  8: "the power cables of a GPU are not attached",
  9: "the NVIDIA driver is not loaded",
  10: "the kernel found an interrupt problem with a GPU",
  12: "libnvidia-ml.so is missing or too old",
  13: "libnvidia-ml.so does not have the function",
  14: "the infoROM of a GPU is damaged",
  15: "a GPU is lost (fallen off the bus)",
  18: "driver and library versions differ (a driver was updated without a reboot)",
  255: "the tool met an internal error: a GPU does not answer or an option is wrong",
};

const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/couldn't communicate with the NVIDIA driver/i, "the NVIDIA driver is not loaded"],
  [
    /Driver\/library version mismatch/i,
    "driver and library versions differ (a driver was updated without a reboot)",
  ],
  [/couldn't find libnvidia-ml/i, "libnvidia-ml.so is missing"],
  [/No devices were found/i, "no NVIDIA GPU is here"],
  [/GPU is lost|fallen off the bus/i, "a GPU is lost (fallen off the bus)"],
  [/requires? reset/i, "a GPU requires a reset"],
  [/Unable to determine the device handle/i, "a GPU does not answer"],
  [/Insufficient Permissions/i, "no permission to ask the driver"],
];

/** The line as a row of values: a cell of a healthy row may hold one of the texts above. */
function isRow(text: string): boolean {
  return /^\s*\d+\s*,/.test(text);
}

/**
 * What nvidia-smi says instead of values, in one sentence; null when the text is none of its known failures.
 * It writes them to stdout, in the place of values.
 */
export function smiFailure(text: string): string | null {
  if (isRow(text)) return null;
  for (const [pattern, sentence] of TEXTS) if (pattern.test(text)) return sentence;
  const nvml = /Failed to initialize NVML: (.*)/i.exec(text);
  if (nvml !== null) return `NVML cannot be initialised: ${nvml[1].trim()}`;
  const error = /^\s*ERROR: (.*)/im.exec(text);
  return error === null ? null : `nvidia-smi refuses: ${error[1].trim()}`;
}

/** What an exit code of nvidia-smi means, or null for 0 and unknown codes. */
export function smiExitReason(code: number | null): string | null {
  return code === null ? null : EXIT_CODES[code] ?? null;
}

/** The query field that this driver does not know, when the tool says so. */
export function smiFieldRefused(text: string): string | null {
  return /Field "([^"]+)" is not a valid field to query/i.exec(text)?.[1] ?? null;
}

/**
 * Takes the tool's warnings out of a text that also has values (`WARNING: infoROM is corrupted at gpu …`, with
 * exit code 14). Their lines stay, empty, so that other lines keep their numbers.
 */
export function splitSmiWarnings(text: string): {
  readonly text: string;
  readonly warnings: readonly string[];
} {
  const warnings: string[] = [];
  const rest = text.replace(/^[ \t]*WARNING: *([^\r\n]*)/gim, (_, said: string) => {
    warnings.push(`nvidia-smi warns: ${said.trim()}`);
    return "";
  });
  return { text: rest, warnings: [...new Set(warnings)] };
}
