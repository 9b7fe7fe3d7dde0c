import { isSmiCapture, parseSmiCapture } from "../../parse/gpu/smi_capture.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvidia-smi-capture",
  summary: "several outputs of nvidia-smi in one file, each under its command line",
  reference: "NVIDIA, nvidia-smi manual page",
  is: isSmiCapture,
  parse: parseSmiCapture,
  confidence: 0.99,
});
