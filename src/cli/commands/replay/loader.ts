import { loaderFamily } from "../../../replay/loader/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";

export const command: CommandModule = {
  name: "replay loader",
  summary: "rank ways to read training samples by how busy they keep the accelerators",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: loaderFamily,
      defaultPolicies: ["small-files", "packed-shards", "node-cache"],
      defaults: { hardware: "h100_sxm-x8" },
      description:
        "Replays epochs of sample reads against ways to store, cache, shuffle and prefetch them, on storage " +
        "with limits of bandwidth, requests and opens. The samples come from a manifest (CSV path,bytes[,samples]), " +
        "a folder that is scanned, or an MLPerf Storage workload: unet3d, resnet50 or cosmoflow, with " +
        ":files=N,accelerator=a100|h100 after it.",
      examples: [
        [
          "Do these drives feed eight H100 with U-Net3D?",
          "spillway replay loader unet3d:files=4200 --hardware h100_sxm-x8",
        ],
        [
          "From an object store, in files or in shards?",
          "spillway replay loader resnet50:files=64 -p small-files,packed-shards --set source=object",
        ],
        [
          "My own folder",
          "spillway replay loader ./data --set batch=64 --set compute=250ms",
        ],
      ],
      trace: async (argument, _options, seed) => {
        const { describedSamples } = await import("../../loader/sample_spec.ts");
        return describedSamples(argument, seed);
      },
    }),
};
