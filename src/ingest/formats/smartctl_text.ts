import { smartctlTextRecording } from "../../parse/nvme/recording.ts";
import { isSmartctlText } from "../../parse/nvme/smartctl_text.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "smartctl-text",
  summary: "smartctl for people, of an NVMe drive: health, power states, errors",
  reference: "smartmontools, smartctl(8)",
  is: isSmartctlText,
  parse: smartctlTextRecording,
  confidence: 0.95,
});
