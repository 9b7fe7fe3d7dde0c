import { conversationFamily } from "../../../replay/conversation/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";

export const command: CommandModule = {
  name: "replay conversation",
  summary: "rank ways to keep conversations on a single-slot engine such as llama.cpp",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: conversationFamily,
      defaultPolicies: ["recompute", "kv-offload", "hybrid"],
      description:
        "Replays the turns of a request trace on a measured engine that holds one conversation at a " +
        "time: evaluate the prompt again, or load its saved KV state from the drive. Needs a hardware " +
        "profile with an engine; calibrate --engine makes one.",
      examples: [
        [
          "Does saving states pay on this machine?",
          "spillway replay conversation chat.jsonl --hardware ./this-machine.json",
        ],
        [
          "At which drive speed does it start to pay?",
          "spillway replay conversation chat.jsonl --hardware ./this-machine.json --sweep readBandwidth=4MB/s..12MB/s*1.2",
        ],
      ],
    }),
};
