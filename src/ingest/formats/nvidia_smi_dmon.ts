import { isSmiDmon, parseSmiDmon } from "../../parse/gpu/smi_dmon.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvidia-smi-dmon",
  summary: "nvidia-smi dmon or pmon: a row a GPU or process and second",
  reference: "NVIDIA, nvidia-smi manual page",
  is: isSmiDmon,
  parse: parseSmiDmon,
  confidence: 0.97,
});
