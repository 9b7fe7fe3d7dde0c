import { metricDefinition } from "../model/metrics/catalog.ts";

const ACRONYMS: Readonly<Record<string, string>> = {
  cpu: "CPU",
  gpu: "GPU",
  io: "I/O",
  ssd: "SSD",
  hdd: "HDD",
  dram: "DRAM",
  hbm: "HBM",
  kv: "KV",
  ttft: "TTFT",
  tpot: "TPOT",
  slo: "SLO",
  oom: "OOM",
  co2e: "CO2e",
  nvme: "NVMe",
  pcie: "PCIe",
};

/** Words of an identifier as a reader sees them: `ssd_read_bytes` -> `SSD read bytes`. */
export function humanWords(id: string): string {
  return sentenceCase(
    id.replaceAll(/[_-]+/g, " ").replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`)
      .trim(),
  );
}

/** First letter upper case, known acronyms as they are written. */
function sentenceCase(text: string): string {
  const words = text.split(" ").map((word) => ACRONYMS[word] ?? word);
  const [first = "", ...rest] = words;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(" ");
}

/** Name of a metric for a reader: the title of its definition, or its id in words. */
export function metricLabel(id: string): string {
  const definition = metricDefinition(id);
  return definition === undefined ? humanWords(id) : sentenceCase(definition.title);
}

/** Name of a family of replays. */
export function familyLabel(family: string): string {
  const known: Readonly<Record<string, string>> = {
    allocator: "Allocator",
    cache: "Cache",
    offload: "Offload",
    training: "Training",
    loader: "Loading",
    fault: "Fault tolerance",
  };
  return known[family] ?? humanWords(family);
}

/** A text as part of an anchor. */
export function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 48);
}
