import { DO_NOT_RELY } from "../../../model/doubt.ts";
import { usageError } from "../../../model/errors.ts";
import type { Json } from "../../../model/json.ts";
import type { ReplayDocument } from "../../../model/results.ts";
import type { RequestTraceMeta } from "../../../model/trace/requests.ts";
import { offloadFamily } from "../../../replay/offload/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { breakEvenLines } from "../../offload/break_even_lines.ts";
import { buildReplayCommand, type ReplayAfter, replayOutput } from "../../replay_command.ts";
import type { ReplayOptions } from "../../replay_options.ts";
import type { PolicyChoice } from "../../replay_params.ts";

interface Options extends ReplayOptions {
  readonly gpuBlocks?: number;
  readonly closedLoop?: boolean;
  readonly fit?: string;
}

/** Puts parameters of the whole engine into every run. */
function withParams(
  choices: readonly PolicyChoice[],
  params: { readonly [key: string]: Json },
): PolicyChoice[] {
  return choices.map((choice) => ({
    ...choice,
    params: { ...choice.params as Record<string, unknown>, ...params },
    shown: { ...choice.shown, ...params },
  }));
}

/** The family's own flags. @throws usage error. */
function flagsOf({ gpuBlocks, closedLoop }: Options): { readonly [key: string]: Json } {
  if (gpuBlocks !== undefined && gpuBlocks < 1) {
    throw usageError(`--gpu-blocks ${gpuBlocks}: an instance has at least one block`);
  }
  return {
    ...(gpuBlocks === undefined ? {} : { gpuBlocks }),
    ...(closedLoop ? { closedLoop: true } : {}),
  };
}

/** The verdict, with a warning in front when the trace is of an engine run that is not reproduced. */
async function guarded(
  document: ReplayDocument,
  { trace, options, out }: ReplayAfter,
): Promise<ReplayDocument> {
  const { doubtOf } = await import("../../validate/guard.ts");
  const doubt = await doubtOf({
    trace: { ...trace, id: document.trace.id },
    storePath: out.setting("store").value!,
    hardware: options.hardware ?? null,
    llm: options.llm ?? null,
    seed: document.seed,
  });
  return doubt === null ? document : doubted(document, doubt);
}

/** A trace read from a benchmark's file is held against the times to first token in it. */
async function heldAgainstFile(
  document: ReplayDocument,
  { trace, choices, profiles }: ReplayAfter,
): Promise<ReplayDocument> {
  const { compareMeasuredTtft } = await import("../../offload/measured_ttft.ts");
  const found = await compareMeasuredTtft(trace, profiles, choices[0].params, document.seed);
  if (found === null) return document;
  return found.reproduced
    ? withNotes(document, [found.sentence])
    : doubted(document, found.sentence);
}

/** The document with notes before those of its first result. */
function withNotes(document: ReplayDocument, notes: readonly string[]): ReplayDocument {
  const [first, ...others] = document.results;
  return {
    ...document,
    results: [{ ...first, notes: [...notes, ...first.notes ?? []] }, ...others],
  };
}

function doubted(document: ReplayDocument, doubt: string): ReplayDocument {
  const { recommendation } = document.ranking;
  return {
    ...document,
    doubt,
    ranking: {
      ...document.ranking,
      recommendation: `${DO_NOT_RELY} ${doubt} Under the model as it is: ${recommendation}`,
    },
  };
}

export const command: CommandModule = {
  name: "replay offload",
  summary: "rank ways to keep the KV cache on a request trace, and say whether offload pays",
  output: replayOutput,
  build: () => {
    // What the fit of this call found, from `prepare` to `after`.
    const fitNotes: string[] = [];
    return buildReplayCommand({
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
            "--fit <file:file>",
            "Fit the timing to a serving benchmark's JSON (vllm bench serve, aiperf).",
          )
          .option(
            "--closed-loop",
            "A session's next turn waits for its answer and the think time.",
          ),
      prepare: async (choices, options: Options, trace, profiles) => {
        const flagged = withParams(choices, flagsOf(options));
        if (options.fit === undefined) return flagged;
        const { fitTiming } = await import("../../offload/fit_timing.ts");
        const own = flagged[0].params as Record<string, unknown>;
        const { blockTokens } = trace.meta as RequestTraceMeta;
        // Defaults are filled in by now: only what the user set was measured.
        const overheadGiven = [...options.set ?? [], ...options.sweep ?? []]
          .some(({ key }) => key === "iterationOverheadSeconds");
        const engine = {
          ...own,
          blockTokens: blockTokens ?? own.blockTokens,
          iterationOverheadSeconds: overheadGiven ? own.iterationOverheadSeconds : undefined,
        };
        const fit = await fitTiming(options.fit, profiles, engine);
        fitNotes.push(fit.note);
        return withParams(flagged, fit.params);
      },
      after: async (context) => {
        const { withPrices } = await import("../../offload/priced.ts");
        const { offloadFigures } = await import("../../offload/figures.ts");
        const priced = await withPrices(context.document, context.profiles);
        const document = await heldAgainstFile(withNotes(priced, fitNotes), context);
        return await guarded({ ...document, figures: offloadFigures(document) }, context);
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
        [
          "With timing as measured by vllm bench serve",
          "spillway replay offload trace.jsonl --fit bench.json",
        ],
      ],
    });
  },
};
