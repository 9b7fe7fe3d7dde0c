import { isSmartctlJson, smartctlRecording } from "../../parse/nvme/recording.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "smartctl-json",
  summary: "smartctl --json of an NVMe drive: health and wear",
  reference: "smartmontools, smartctl(8)",
  is: isSmartctlJson,
  parse: smartctlRecording,
  confidence: 0.95,
});
