import { isNvmeList, nvmeListRecording } from "../../parse/nvme/recording.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvme-list",
  summary: "nvme list -o json: namespaces with used and whole size",
  reference: "nvme-cli",
  is: isNvmeList,
  parse: nvmeListRecording,
  confidence: 0.95,
});
