import { isPcmPcie, parsePcmPcie } from "../../parse/pcm/pcie.ts";
import { recordingImporter } from "../recording_format.ts";

export const format = recordingImporter({
  name: "pcm-pcie",
  summary: "pcm-pcie of Intel PCM, with or without -csv: PCIe transfers of each socket",
  reference: "intel/pcm, src/pcm-pcie.cpp",
  is: isPcmPcie,
  parse: parsePcmPcie,
});
