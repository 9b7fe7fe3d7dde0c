import { trainingFamily } from "../../../replay/training/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";

export const command: CommandModule = {
  name: "replay training",
  summary: "rank ways to keep the state of training, on a model's step or a recorded timeline",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: trainingFamily,
      defaultPolicies: (argument) =>
        /^(model|layers):/.test(argument)
          ? ["gpu-only", "zero-offload", "zero-infinity", "naive-pipeline", "mobius"]
          : ["gpu-only", "swap-vs-recompute", "g10"],
      defaults: { hardware: "a100_sxm-x8", llm: "gpt3-175b" },
      description:
        "Replays a training step under ways to keep weights, gradients, optimizer state and activations: " +
        "on the GPUs, in host memory, on drives, or computed again. The trace describes a step of the " +
        "model in --llm on the machine in --hardware: model:batch=8,seq=2048 (also micro, causal, flash, " +
        "recompute, efficiency); or of equal layers: layers:count=8,forward=1s,bytes=4 (also backward, " +
        "activation, gradient, microbatches and, in place of --hardware, gpus, memory, link). Or it is a " +
        "file: a CSV with a row a layer, a recorded memory timeline of PyTorch, or a profiler trace with " +
        "memory events.",
      examples: [
        [
          "Which way of offload runs GPT-3 on eight GPUs?",
          "spillway replay training model:batch=8,seq=2048 --llm gpt3-175b --hardware a100_sxm-x8",
        ],
        [
          "How large is a step, and why does it not fit?",
          "spillway replay training model:batch=8,seq=128K --llm gpt3-175b -p gpu-only",
        ],
        [
          "How many pipeline stages?",
          "spillway replay training layers:count=8,forward=1s,backward=2s,bytes=4,gpus=2," +
          "memory=16,link=4 -p mobius --set partition=equal --sweep stages=2,4,8",
        ],
        [
          "What should leave the GPU, by a recorded timeline?",
          "spillway replay training memory_timeline.raw.json.gz --sweep memory=100MiB,200MiB",
        ],
      ],
      trace: async (argument, _options, _seed, profiles) => {
        const { describedTrace } = await import("../../training/step_spec.ts");
        return describedTrace(argument, profiles);
      },
    }),
};
