import type { CounterRecording } from "../parse/reading.ts";
import type { Importer } from "./importer.ts";
import { readAllText } from "./input.ts";
import { sampleTrace } from "./sample_trace.ts";

/** A format that is the recorded output of a monitoring tool. */
export interface RecordingFormat {
  readonly name: string;
  readonly summary: string;
  readonly reference: string;
  /** Whether the beginning of a text is this tool's. */
  readonly is: (head: string) => boolean;
  readonly parse: (text: string, label: string) => CounterRecording;
  /** Confidence where `is` holds; 0.9 when absent. */
  readonly confidence?: number;
}

/** The importer of such a format: a trace of samples. */
export function recordingImporter(format: RecordingFormat): Importer<"samples"> {
  const { name, summary, reference, is, parse, confidence = 0.9 } = format;
  return {
    name,
    kind: "samples",
    summary,
    reference,
    detect: (head) => is(head.text.replace(/^\uFEFF/, "")) ? confidence : 0,
    read: async (input) => {
      const text = await readAllText(input);
      return await sampleTrace(input, name, parse(text, input.label));
    },
  };
}
