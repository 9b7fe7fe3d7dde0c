import { isSmiText, parseSmiText } from "../../parse/gpu/smi_text.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvidia-smi-text",
  summary: "nvidia-smi -q for people: the counters of -q -x",
  reference: "NVIDIA, nvidia-smi manual page",
  is: isSmiText,
  parse: parseSmiText,
  confidence: 0.95,
});
