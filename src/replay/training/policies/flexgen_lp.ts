import { z } from "zod";
import { usageError } from "../../../model/errors.ts";
import { metric, unknownMetric } from "../../../model/metric.ts";
import type { Policy, ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import { formatBytes, formatNumber, formatRatio } from "../../../model/units.ts";
import { memoryOf, scaledRates, T4_MEMORY, T4_RATES } from "../flexgen/constants.ts";
import type { Placement } from "../flexgen/cost_model.ts";
import { bestPlacement, bestPlan, type FlexGenPlan, planOf } from "../flexgen/search.ts";
import { doesNotRun } from "../outcome.ts";
import { describedReplay } from "../step_context.ts";

const params = z.strictObject({
  prompt: z.number().int().positive().default(512).describe("tokens of a prompt"),
  generate: z.number().int().min(2).default(32).describe("tokens generated for each prompt"),
  batch: z.number().int().positive().nullable().default(null)
    .describe("sequences of a GPU batch; null: the best"),
  batches: z.number().int().positive().default(1).describe("GPU batches of a block, with batch"),
  percent: z.string().regex(/^\d+(\.\d+)?([ /,]\d+(\.\d+)?){5}$/).nullable().default(null)
    .describe(
      "a fixed placement: weights, cache, hidden states on GPU and host in percent (six numbers)",
    ),
  rates: z.enum(["hardware", "t4"]).default("hardware")
    .describe("t4: the published constants; hardware: scaled from them by the profile"),
});

type Params = z.infer<typeof params>;

/** `20 80 0 100 0 100`: weights on GPU and host, then cache, then hidden states; the rest is on disk. */
function placementOf(percent: string): Placement {
  const [wg, wc, cg, cc, hg, hc] = percent.split(/[ /,]/).map((text) => Number(text) / 100);
  const rest = (a: number, b: number) => {
    if (a + b > 1 + 1e-9) {
      throw usageError(`--set percent=${percent}: a pair adds up to more than 100`);
    }
    return Math.max(0, 1 - a - b);
  };
  return { wg, wc, wn: rest(wg, wc), cg, cc, cn: rest(cg, cc), hg, hc, hn: rest(hg, hc) };
}

function sentence(plan: FlexGenPlan): string {
  const { wg, wc, cg, cc, hg } = plan.placement;
  const p = (share: number) => formatRatio(Number(share.toFixed(4)));
  return `flexgen-lp: blocks of ${plan.job.bls} sequences in GPU batches of ${plan.job.gbs}: weights ${
    p(wg)
  } GPU and ${p(wc)} host, cache ${p(cg)} GPU and ${p(cc)} host, hidden states ${
    p(hg)
  } GPU, the rest on ` +
    `disk; ${formatNumber(Number(plan.tokensPerSecond.toPrecision(4)))} tokens a second, GPU peak ${
      formatBytes(plan.peak.gpu)
    }.`;
}

function plan(p: Params, context: ReplayContext<"tensors">): ReplayOutcome {
  const { llm, hardware } = context.profiles;
  if (llm === null || hardware === null || hardware.gpu === null) {
    throw usageError("flexgen-lp needs a model and a machine", "add --llm opt-30b --hardware t4");
  }
  const rates = p.rates === "t4" ? T4_RATES : scaledRates(hardware);
  const memory = p.rates === "t4" ? T4_MEMORY : memoryOf(hardware);
  const job = { llm, s: p.prompt, n: p.generate };
  const sized = p.batch === null ? null : { ...job, gbs: p.batch, bls: p.batch * p.batches };
  const { solver } = context;
  let found: FlexGenPlan | null = null;
  if (p.percent !== null) {
    if (sized === null) throw usageError("flexgen-lp: percent needs batch", "add --set batch=48");
    found = planOf(sized, rates, placementOf(p.percent));
  } else if (solver === undefined) {
    throw usageError(
      "flexgen-lp: no solver of linear programs was given",
      "give percent and batch",
    );
  } else if (sized !== null) {
    const placement = bestPlacement(sized, rates, memory, solver);
    found = placement === null ? null : planOf(sized, rates, placement);
  } else {
    found = bestPlan(job, rates, memory, solver);
  }
  const reason = "the policy generates text; it runs no training step";
  if (found === null) {
    return doesNotRun(`${llm.name} fits into no placement on this machine`, {}, [
      `flexgen-lp: ${llm.name} fits into no placement on this machine.`,
    ]);
  }
  return {
    metrics: {
      step_seconds: unknownMetric("seconds", "modelled", reason),
      generated_tokens_per_second: metric(found.tokensPerSecond, "perSecond", "modelled"),
      prefill_layer_seconds: metric(found.prefillLayer, "seconds", "modelled"),
      decode_layer_seconds: metric(found.decodeLayer, "seconds", "modelled"),
      gpu_peak_bytes: metric(Math.round(found.peak.gpu), "bytes", "modelled"),
      host_held_bytes: metric(Math.round(found.peak.host), "bytes", "modelled"),
    },
    usage: null,
    notes: [sentence(found)],
  };
}

export const policy: Policy<"tensors", Params> = {
  name: "flexgen-lp",
  family: "training",
  summary:
    "generation with weights, cache and hidden states spread over GPU, host and disk by a linear program",
  reference:
    "FlexGen (ICML 2023) section 4.3, FlexLLMGen experiments/cost_model.py; solved by HiGHS",
  accepts: ["tensors"],
  params,
  create: (p, context) => describedReplay(() => plan(p, context)),
};
