import { diskstatsRecording, isDiskstats } from "../../parse/diskstats_recording.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "diskstats",
  summary: "/proc/diskstats: counters of every block device at one time",
  reference: "Linux Documentation/admin-guide/iostats.rst",
  is: isDiskstats,
  parse: diskstatsRecording,
});
