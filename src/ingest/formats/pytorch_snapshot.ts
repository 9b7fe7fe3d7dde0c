import { parsePickle } from "../../parse/pickle.ts";
import { readTorchSnapshot } from "../../parse/torch_snapshot.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAll } from "../input.ts";
import { allocationTrace } from "../torch_events.ts";

function detect(head: ImportHead): number {
  const [first, protocol] = head.bytes;
  if (first !== 0x80 || protocol < 2 || protocol > 5) return 0;
  return head.text.includes("segments") || head.text.includes("total_size") ? 0.99 : 0.6;
}

async function read(input: ImportInput) {
  const snapshot = readTorchSnapshot(parsePickle(await readAll(input), input.label), input.label);
  const { columns, meta, notes } = allocationTrace(snapshot, input.label);
  return {
    kind: "allocations" as const,
    name: input.label.replace(/^.*\//, "").replace(/\.(pickle|pkl)(\.gz)?$/, ""),
    format: "pytorch-snapshot",
    sha256: await input.sha256(),
    rows: columns.count,
    meta,
    notes,
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

export const format: Importer<"allocations"> = {
  name: "pytorch-snapshot",
  kind: "allocations",
  summary: "PyTorch's GPU memory snapshot, a pickle of plain data",
  reference: "torch.cuda.memory._dump_snapshot, PyTorch 2.0 to 2.11",
  detect,
  read,
};
