import { isIostatText, parseIostatText } from "../../parse/iostat/text.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "iostat-text",
  summary: "iostat for people, with or without -x, -m and -t",
  reference: "sysstat, iostat(1)",
  is: isIostatText,
  parse: parseIostatText,
  confidence: 0.95,
});
