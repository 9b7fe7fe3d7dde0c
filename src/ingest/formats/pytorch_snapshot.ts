import type { Trace } from "../../model/trace/trace.ts";
import { MemoScan } from "../../parse/pickle.ts";
import { SnapshotReader } from "../../parse/torch_snapshot.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { TorchTraceBuilder } from "../torch_events.ts";

function detect(head: ImportHead): number {
  const [first, protocol] = head.bytes;
  if (first !== 0x80 || protocol < 2 || protocol > 5) return 0;
  return head.text.includes("segments") || head.text.includes("total_size") ? 0.99 : 0.6;
}

/** Two passes over the bytes: which memo entries are used again, then the values; neither holds the file. */
async function read(input: ImportInput): Promise<Trace<"allocations">> {
  const scan = new MemoScan();
  for await (const chunk of input.chunks()) scan.push(chunk);
  const builder = new TorchTraceBuilder();
  const reader = new SnapshotReader(input.label, builder, scan.used);
  for await (const chunk of input.chunks()) reader.push(chunk);
  const { rows, batches, meta, notes } = builder.finish(reader.end(), input.label);
  return {
    kind: "allocations",
    name: input.label.replace(/^.*\//, "").replace(/\.(pickle|pkl)(\.gz)?$/, ""),
    format: "pytorch-snapshot",
    sha256: await input.sha256(),
    rows,
    meta,
    notes,
    async *batches() {
      yield* await Promise.resolve(batches);
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
