import { parsePcmIio } from "../../parse/pcm/iio.ts";
import { pcmSource } from "../pcm/pcm_source.ts";

export const source = pcmSource({
  name: "pcm-iio",
  summary: "PCIe bytes of each slot, counted by the processor (pcm-iio of Intel PCM)",
  options: ["-csv"],
  isHeader: (line) => /^Socket,/.test(line),
  isRow: (line) => /^(Socket)?\d+,/.test(line),
  parse: parsePcmIio,
});
