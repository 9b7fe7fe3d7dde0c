import { dataError } from "../../model/errors.ts";
import { isSmiCsv, parseSmiCsv } from "../../parse/gpu/smi_csv.ts";
import { smiFailure } from "../../parse/gpu/smi_failure.ts";
import { recordingImporter } from "../recording_format.ts";

/** The tool writes its failures to stdout, in the place of values: a file may hold nothing else. */
function isFailure(text: string): boolean {
  return text.length < 4096 && smiFailure(text) !== null && !/^\s*<|NVRM: /.test(text);
}

export const format = recordingImporter({
  name: "nvidia-smi-csv",
  summary: "nvidia-smi --query-gpu or --query-compute-apps with --format=csv, once or in loop mode",
  reference: "NVIDIA, nvidia-smi manual page",
  is: (text) => isSmiCsv(text) || isFailure(text),
  parse: (text, label) => {
    if (!isSmiCsv(text) && isFailure(text)) {
      throw dataError(
        `${label} holds a failure of nvidia-smi and no values: ${smiFailure(text)}`,
        "mend the driver and record again",
      );
    }
    return parseSmiCsv(text, label);
  },
});
