import { faultFamily } from "../../../replay/fault/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";

export const command: CommandModule = {
  name: "replay fault",
  summary: "rank fault-tolerance policies on a trace of failures",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: faultFamily,
      defaultPolicies: ["periodic-sync"],
      description:
        "Replays a training job against the failures of a trace and says how much of the wall time each " +
        "policy keeps useful, and where the rest goes.",
      examples: [
        [
          "Which checkpoint interval?",
          "spillway replay fault faults.csv --sweep interval=young,daly,10min,1h",
        ],
        [
          "A job of your own",
          "spillway replay fault faults.csv --set useful=14d --set checkpoint=45s --set bytes=2.4TB",
        ],
      ],
    }),
};
