import { isNvmeLog, nvmeLogRecording } from "../../parse/nvme/recording.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "nvme-smart-log",
  summary: "nvme smart-log, ocp smart-add-log or endurance-log as JSON: wear of one drive",
  reference: "nvme-cli; NVM Express base specification 2.0, section 5.16.1.3",
  is: isNvmeLog,
  parse: nvmeLogRecording,
});
