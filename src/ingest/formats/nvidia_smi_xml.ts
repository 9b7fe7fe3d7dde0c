import { isSmiXml, parseSmiXml } from "../../parse/gpu/smi_xml.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvidia-smi-xml",
  summary:
    "nvidia-smi -q -x, one document or a loop: counters of every GPU, MIG instance and process",
  reference: "NVIDIA, nvidia-smi manual page",
  is: isSmiXml,
  parse: parseSmiXml,
  confidence: 0.98,
});
