import { isIostatJson, parseIostatJson } from "../../parse/iostat/json.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "iostat-json",
  summary: "iostat -o JSON: rates, waits and business of disks",
  reference: "sysstat, iostat(1)",
  is: isIostatJson,
  parse: parseIostatJson,
  confidence: 0.98,
});
