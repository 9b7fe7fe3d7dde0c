import { z } from "zod";
import { counted } from "../../model/plural.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import type { FailureFit } from "../../stats/fit_failures.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapCommand, wrapText } from "../wrap.ts";
import type { ExponentialError } from "./exponential_error.ts";

const law = { ksDistance: z.number(), ksProbability: z.number() };

const dalySchema = z.strictObject({
  checkpointSeconds: z.number(),
  restartSeconds: z.number(),
  dalySeconds: z.number(),
  promisedGoodput: z.number(),
  replayedGoodput: z.number(),
  bestSeconds: z.number(),
  bestGoodput: z.number(),
  worstWeekGoodput: z.number().nullable(),
  exponentialWorstWeekGoodput: z.number().nullable(),
});

/** What `fault fit --json` prints. */
export const fitOutput = z.strictObject({
  schema: z.literal("spillway/fault-fit/1"),
  trace: z.string(),
  fit: z.strictObject({
    failures: z.number(),
    spanSeconds: z.number(),
    nodes: z.number(),
    mtbfSeconds: z.number(),
    gapVariation: z.number(),
    weeklyDispersion: z.number().nullable(),
    zeroGaps: z.number(),
    burstInstants: z.number(),
    largestBurst: z.number(),
    exponential: z.strictObject(law),
    weibull: z.strictObject({ scale: z.number(), shape: z.number(), mean: z.number(), ...law })
      .nullable(),
    lemons: z.strictObject({
      share: z.number(),
      chanceShare: z.number(),
      factor: z.number().nullable(),
    }).nullable(),
    repair: z.strictObject({
      meanSeconds: z.number(),
      medianSeconds: z.number(),
      p90Seconds: z.number(),
      sigma: z.number(),
      exponential: z.strictObject(law),
      logNormal: z.strictObject(law),
    }).nullable(),
  }),
  /** The first checkpoint time; `checkpoints` has all. */
  daly: dalySchema,
  checkpoints: z.array(dalySchema),
  generator: z.string(),
});

/** Whether a log-normal law describes the repairs better than an exponential one. */
function heavyTail(repair: NonNullable<FailureFit["repair"]>): boolean {
  return repair.logNormal.ksDistance < repair.exponential.ksDistance;
}

/** The generator of `replay fault` and `generate` that resembles the trace most. */
export function generatorOf(fit: FailureFit): string {
  // Failures of one instant are one event of the generator, which takes further nodes along.
  const instants = fit.failures - fit.zeroGaps;
  const parts = [
    `mtbf=${Math.round(fit.spanSeconds / instants)}s`,
    `span=${Math.round(fit.spanSeconds)}s`,
    `nodes=${Math.max(1, fit.nodes)}`,
  ];
  if (fit.weibull !== null) {
    parts.push(`shape=${Math.min(5, Math.max(0.3, fit.weibull.shape)).toFixed(3)}`);
  }
  if (fit.zeroGaps > 0) {
    parts.push(
      `bursts=${(fit.burstInstants / instants).toFixed(3)}`,
      `burstMean=${(fit.zeroGaps / fit.burstInstants).toFixed(2)}`,
    );
  }
  const factor = fit.lemons?.factor ?? null;
  if (factor !== null) parts.push("lemons=0.1", `lemonFactor=${factor.toFixed(2)}`);
  if (fit.repair !== null) {
    parts.push(`down=${Math.round(fit.repair.meanSeconds)}s`);
    if (heavyTail(fit.repair)) parts.push(`sigma=${fit.repair.sigma.toFixed(2)}`);
  }
  return `weibull:${parts.join(",")}`;
}

function lemonSentence({ share, chanceShare, factor }: NonNullable<FailureFit["lemons"]>): string {
  return `the worst tenth of the nodes has ${
    formatRatio(share)
  } of the failures, by chance it would have ${formatRatio(chanceShare)}: ${
    factor === null ? "no lemons" : `lemons that fail ${factor.toFixed(1)} times as often`
  }`;
}

/** How far Young's and Daly's assumption misleads on this trace, for one checkpoint time. */
export function misleadSentence(e: ExponentialError): string {
  const points = (x: number): string => `${(100 * x).toFixed(2)} points`;
  const more = e.replayedGoodput - e.promisedGoodput;
  const week = e.worstWeekGoodput === null || e.exponentialWorstWeekGoodput === null
    ? "the trace is too short for a worst week"
    : `its worst week keeps ${formatRatio(e.worstWeekGoodput)} where that law expects ${
      formatRatio(e.exponentialWorstWeekGoodput)
    }`;
  return `How far the assumption of independent failures at a constant rate misleads, with ${
    formatSeconds(e.checkpointSeconds)
  } a checkpoint: it promises ${points(Math.abs(more))} ${
    more >= 0 ? "less" : "more"
  } goodput than the trace gives; its interval is ${
    (e.dalySeconds / e.bestSeconds).toFixed(2)
  } times the best one and gives away ${points(e.bestGoodput - e.replayedGoodput)}; ${week}.`;
}

/** The fit in words, and a table of what Daly's interval promises and gives. */
export function renderFit(
  name: string,
  f: FailureFit,
  errors: readonly ExponentialError[],
  generator: string,
  width: number,
): string {
  const chance = (p: number): string => p < 0.001 ? "< 0.1 %" : formatRatio(p);
  const lines = [
    `${safeText(name)}: ${counted(f.failures, "failure")} of ${counted(f.nodes, "node")} over ${
      formatSeconds(f.spanSeconds)
    }`,
    "",
    `mean time between failures ${formatSeconds(f.mtbfSeconds)}; gaps vary ${
      f.gapVariation.toFixed(2)
    } times their mean (1 if exponential)`,
    ...(f.weeklyDispersion === null ? [] : [
      `failures a week: variance ${
        f.weeklyDispersion.toFixed(1)
      } times the mean (1 if exponential)`,
    ]),
    `bursts: ${f.zeroGaps} failures at the same instant as another, up to ${f.largestBurst} at once`,
    `exponential: largest distance ${f.exponential.ksDistance.toFixed(3)}; chance of that under ` +
    `the law ${chance(f.exponential.ksProbability)}`,
    ...(f.weibull === null ? [] : [
      `Weibull (gaps above 0): shape ${f.weibull.shape.toFixed(3)}, scale ${
        formatSeconds(f.weibull.scale)
      }; distance ${f.weibull.ksDistance.toFixed(3)}, chance ${chance(f.weibull.ksProbability)}`,
    ]),
    ...(f.lemons === null ? [] : [lemonSentence(f.lemons)]),
    ...(f.repair === null ? ["down times: unknown"] : [
      `down times: mean ${formatSeconds(f.repair.meanSeconds)}, median ${
        formatSeconds(f.repair.medianSeconds)
      }, 90th percentile ${formatSeconds(f.repair.p90Seconds)}; ${
        heavyTail(f.repair) ? `log-normal with sigma ${f.repair.sigma.toFixed(2)}` : "exponential"
      }, distance ${
        Math.min(f.repair.exponential.ksDistance, f.repair.logNormal.ksDistance).toFixed(3)
      }`,
    ]),
    "",
    `Daly's interval for this rate, restart ${formatSeconds(errors[0].restartSeconds)}:`,
  ];
  const share = (x: number | null): string => x === null ? "-" : formatRatio(x);
  const table = renderTable(
    ["block", "Daly", "promised", "got", "best at", "best", "worst wk", "exp."].map((
      title,
    ) => ({ title, align: "right" as const })),
    errors.map((e) => [
      formatSeconds(e.checkpointSeconds),
      formatSeconds(e.dalySeconds),
      share(e.promisedGoodput),
      share(e.replayedGoodput),
      formatSeconds(e.bestSeconds),
      share(e.bestGoodput),
      share(e.worstWeekGoodput),
      share(e.exponentialWorstWeekGoodput),
    ]),
    width,
  );
  const legend =
    "block: time of a checkpoint; promised: goodput at Daly's interval if failures were " +
    "exponential; got: on this trace; best: of all intervals; worst wk: least share of a week that was " +
    "useful, and what an exponential law would give.";
  return `${lines.flatMap((line) => wrapText(line, width)).join("\n")}\n${table}\n` +
    `${wrapText(legend, width).join("\n")}\n\n` +
    `${wrapText(misleadSentence(errors[Math.floor(errors.length / 2)]), width).join("\n")}\n\n` +
    "Many such histories:\n" +
    wrapCommand(`spillway replay fault "${generator}" --seeds 100`, width - 2)
      .map((line) => `  ${line}\n`).join("");
}
