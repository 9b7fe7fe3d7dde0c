import { isPcmIio, parsePcmIio } from "../../parse/pcm/iio.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "pcm-iio",
  summary: "pcm-iio of Intel PCM: PCIe bandwidth of each root port",
  reference: "intel/pcm, src/pcm-iio.cpp",
  is: isPcmIio,
  parse: parsePcmIio,
});
