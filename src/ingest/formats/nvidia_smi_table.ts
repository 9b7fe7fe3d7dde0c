import { isSmiTable, parseSmiTable } from "../../parse/gpu/smi_table.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvidia-smi-table",
  summary: "the table that nvidia-smi alone prints: utilisation, memory, power, temperature",
  reference: "NVIDIA, nvidia-smi manual page",
  is: isSmiTable,
  parse: parseSmiTable,
  confidence: 0.8,
});
