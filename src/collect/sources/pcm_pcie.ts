import { parsePcmPcie } from "../../parse/pcm/pcie.ts";
import { pcmSource } from "../pcm/pcm_source.ts";

export const source = pcmSource({
  name: "pcm-pcie",
  summary: "PCIe bytes of each socket, counted by the processor (pcm-pcie of Intel PCM)",
  // -B adds bytes: transfers times the cache line of 64 bytes.
  options: ["-csv", "-B"],
  isHeader: (line) => /^Skt,/.test(line),
  isRow: (line) => /^\d+,/.test(line),
  parse: parsePcmPcie,
});
