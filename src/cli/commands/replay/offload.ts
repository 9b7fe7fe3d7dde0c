import { offloadFamily } from "../../../replay/offload/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { breakEvenLines } from "../../offload/break_even_lines.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";
import type { ReplayOptions } from "../../replay_options.ts";
import type { PolicyChoice } from "../../replay_params.ts";

interface Options extends ReplayOptions {
  readonly gpuBlocks?: number;
  readonly closedLoop?: boolean;
}

/** Puts the family's own flags into the parameters of every run. */
function withFlags(choices: PolicyChoice[], options: Options): PolicyChoice[] {
  const flags = {
    ...(options.gpuBlocks === undefined ? {} : { gpuBlocks: options.gpuBlocks }),
    ...(options.closedLoop ? { closedLoop: true } : {}),
  };
  return choices.map((choice) => ({
    ...choice,
    params: { ...choice.params as Record<string, unknown>, ...flags },
    shown: { ...choice.shown, ...flags },
  }));
}

export const command: CommandModule = {
  name: "replay offload",
  summary: "rank ways to keep the KV cache on a request trace, and say whether offload pays",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: offloadFamily,
      defaultPolicies: ["recompute", "kv-offload", "hcache"],
      defaults: { hardware: "a100_sxm", llm: "llama-3-8b" },
      description:
        "Replays LLM requests on a serving engine (continuous batching, paged prefix cache, " +
        "tiers and links) under several policies, ranks them by time to first token, and says whether " +
        "offload pays, with which method, from which reuse distance and prompt length on.",
      options: (command) =>
        command
          .option(
            "--gpu-blocks <n:integer>",
            "KV blocks of one instance, as its engine reports them.",
          )
          .option(
            "--closed-loop",
            "A session's next turn waits for its answer and the think time.",
          ),
      prepare: (choices, options) => withFlags(choices, options as Options),
      after: async ({ document, profiles, trace, options, out }) => {
        const { withPrices } = await import("../../offload/priced.ts");
        const { offloadFigures } = await import("../../offload/figures.ts");
        const priced = await withPrices(document, profiles);
        const { doubtOf } = await import("../../validate/guard.ts");
        const doubt = await doubtOf({
          trace: { ...trace, id: document.trace.id },
          storePath: out.setting("store").value!,
          hardware: options.hardware ?? null,
          llm: options.llm ?? null,
          seed: document.seed,
        });
        const { recommendation } = priced.ranking;
        return {
          ...priced,
          figures: offloadFigures(priced),
          ranking: {
            ...priced.ranking,
            recommendation: doubt === null
              ? recommendation
              : `DO NOT RELY ON THIS: ${doubt} Under the model as it is: ${recommendation}`,
          },
        };
      },
      extra: (document, out) => breakEvenLines(document, out),
      examples: [
        [
          "Does offload pay for this trace on an H100 with Llama-3-8B?",
          "spillway replay offload trace.jsonl --llm llama-3-8b --hardware h100_sxm",
        ],
        [
          "How much host memory is worth it?",
          "spillway replay offload trace.jsonl -p recompute,kv-offload --sweep kv-offload.dram=8GiB..256GiB*2",
        ],
        [
          "With the block count that the real engine printed",
          "spillway replay offload trace.jsonl --gpu-blocks 2588",
        ],
      ],
    }),
};
