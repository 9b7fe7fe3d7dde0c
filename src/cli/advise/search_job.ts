import { shellQuote } from "../shell_quote.ts";
import type { Output } from "../output.ts";
import type { AdviseDocument } from "../schemas/advise_schema.ts";
import { jobSteps, stepBounds } from "./job_steps.ts";
import { type Point, settingText } from "./points.ts";
import { type Ask, searchTrace } from "./search_trace.ts";

/** Share of the points that the search of steps takes; the job's, which crosses them, takes the rest. */
const STEP_SHARE = 1 / 3;

/** Fault policies that each step is crossed with where the user names none: bounds the steps by the budget. */
const POLICIES_A_STEP = 16;

/** What a job is: a training step many times, under failures. */
export interface JobAsk {
  readonly faults: string;
  readonly steps: number;
  /** Flags of prices and factors, as typed. */
  readonly priceFlags: readonly string[];
}

/** One advise command that makes this one point again: both policies with all that was searched. */
function commandOf(ask: Ask, job: JobAsk, point: Point): string {
  const step = point.space.step!;
  const derived = new Set(step.derived.map((a) => a.key));
  const set = (p: Point, keep: (key: string) => boolean) =>
    Object.entries(p.set).filter(([key]) => keep(key)).map(([key, value]) =>
      `--set ${shellQuote(`${p.choice.policy.name}.${key}=${settingText(key, value)}`)}`
    );
  return [
    "spillway advise",
    `--trace ${shellQuote(ask.trace)}`,
    `--faults ${shellQuote(job.faults)} --steps ${job.steps}`,
    `--policy ${step.point.choice.policy.name},${point.choice.policy.name}`,
    ...set(step.point, () => true),
    ...set(point, (key) => !derived.has(key)),
    ...(ask.goal === null ? [] : [`--minimize ${ask.goal}`]),
    `--hardware ${shellQuote(ask.names.hardware)} --llm ${shellQuote(ask.names.llm)}`,
    `--site ${shellQuote(ask.names.site)} --seed ${ask.seed} --points 1`,
    ...job.priceFlags,
  ].join(" ");
}

/**
 * Searches the whole job: first ways to run a step, then every step of their front with every fault policy
 * and its settings, each pair priced as one job. What a step moves and holds is charged for every step that
 * ran, the lost ones too, so a step that is cheap alone may lose to one that failures cost less.
 */
export async function searchJob(ask: Ask, job: JobAsk, out: Output): Promise<AdviseDocument> {
  const first = await searchTrace({
    ...ask,
    slos: stepBounds(ask.slos),
    most: Math.max(1, Math.round(ask.most * STEP_SHARE)),
  }, out);
  const { document } = first;
  const most = Math.max(1, ask.most - document.searched);
  const steps = jobSteps(
    { priced: first.priced, front: document.front, recommended: document.recommendation.point },
    {
      trace: ask.trace,
      profiles: ask.profiles,
      set: ask.space.set,
      steps: job.steps,
      most: Math.floor(most / (ask.space.policies?.length ?? POLICIES_A_STEP)),
    },
  );
  const { family: _, resume, ...rest } = ask;
  const whole = await searchTrace({
    ...rest,
    trace: job.faults,
    steps,
    most,
    notes: [
      `${steps.length} ${steps.length === 1 ? "step" : "steps"} of the front crossed with fault ` +
      `policies; a job of ${job.steps} useful steps`,
    ],
    commandOf: (point) => commandOf(ask, job, point),
    priceCommand: null,
    ...(resume === undefined ? {} : { resume: `${resume}.job` }),
  }, out);
  return { ...document, job: whole.document };
}
