import { allocatorFamily } from "../../../replay/allocator/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";

export const command: CommandModule = {
  name: "replay allocator",
  summary: "rank GPU-memory allocators on a trace of requests or allocations",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: allocatorFamily,
      defaultPolicies: ["contiguous", "paged"],
      defaultsByKind: { requests: ["contiguous", "paged"], allocations: ["pytorch-caching"] },
      description:
        "Replays a trace of requests against ways to hand out KV memory (contiguous, paged), or a trace of " +
        "allocations against PyTorch's caching allocator (pytorch-caching).",
      examples: [
        [
          "Three ways to hand out KV memory",
          "spillway replay allocator chat.jsonl -p contiguous,paged --sweep contiguous.reserve=max,oracle",
        ],
        [
          "What would PyTorch's allocator have needed?",
          "spillway replay allocator snapshot.pickle",
        ],
      ],
    }),
};
