import { allocatorFamily } from "../../../replay/allocator/family.ts";
import { type AllocatorOptions, chooseAllocators } from "../../allocator/choose.ts";
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
      defaultsByKind: {
        requests: ["contiguous", "paged"],
        allocations: ["pytorch-caching", "pytorch-expandable", "gmlake", "planner"],
      },
      description:
        "Replays a trace of requests against ways to hand out KV memory (contiguous, paged, radix, ...), or a " +
        "trace of allocations against GPU-memory allocators (pytorch-caching, gmlake, bfc, ...). Allocations " +
        "come from PyTorch's memory snapshots, profiler traces, RMM logs, lifetimes, or from JSON lines such " +
        'as {"op":"alloc","id":1,"bytes":123,"stream":0,"tUs":5}, {"op":"free","id":1}, record_stream, ' +
        'stream_done, empty_cache, {"op":"set_fraction","fraction":0.5}, snapshot. Without --set capacity= the ' +
        "device is never full and the smallest capacity is searched.",
      options: (command) =>
        command
          .option(
            "--alloc-conf <settings:string>",
            "A PYTORCH_CUDA_ALLOC_CONF string: selects PyTorch's allocator and sets it.",
          )
          .option(
            "--events <file:string>",
            "Write a JSON line an operation: address, bytes and every counter after it.",
          ),
      // Its lines name allocations, which a compact trace gives the same number one after the other.
      asRecorded: (options) => (options as AllocatorOptions).events !== undefined,
      prepare: (choices, options, trace) =>
        chooseAllocators(choices, options as AllocatorOptions, trace),
      after: async (after) => {
        const { events } = after.options as AllocatorOptions;
        if (events !== undefined) {
          const { writeEvents } = await import("../../allocator/write_events.ts");
          await writeEvents(after, events);
        }
        const { searchCapacities } = await import("../../allocator/search_capacity.ts");
        return await searchCapacities(after);
      },
      examples: [
        [
          "Three ways to hand out KV memory",
          "spillway replay allocator chat.jsonl -p contiguous,paged --sweep contiguous.reserve=max,oracle",
        ],
        [
          "Which allocator would have fitted where?",
          "spillway replay allocator snapshot.pickle",
        ],
        [
          "The settings of a run, in 40 GiB",
          'spillway replay allocator snapshot.pickle --alloc-conf "expandable_segments:True" --set capacity=40GiB',
        ],
        [
          "Does the model reproduce the recording to the address?",
          "spillway replay allocator snapshot.pickle --set mode=validate",
        ],
        [
          "Every operation with its address and counters",
          "spillway replay allocator ops.jsonl -p pytorch-caching --set capacity=1GiB --events out.jsonl",
        ],
      ],
    }),
};
