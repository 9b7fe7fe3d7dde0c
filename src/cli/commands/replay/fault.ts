import { usageError } from "../../../model/errors.ts";
import type { FaultTraceMeta } from "../../../model/trace/faults.ts";
import type { Trace } from "../../../model/trace/trace.ts";
import { faultFamily } from "../../../replay/fault/family.ts";
import type { CommandModule } from "../../command_module.ts";
import { buildReplayCommand, replayOutput } from "../../replay_command.ts";
import type { JobOptions } from "../../fault/job_options.ts";
import { parseJob } from "../../fault/own_jobs.ts";
import type { ReplayOptions } from "../../replay_options.ts";

interface FaultOptions extends ReplayOptions, JobOptions {
  readonly seeds?: number;
  readonly nodes?: string;
}

export const command: CommandModule = {
  name: "replay fault",
  summary: "rank fault-tolerance policies on a trace of failures",
  output: replayOutput,
  build: () =>
    buildReplayCommand({
      family: faultFamily,
      defaultPolicies: ["none", "periodic-sync", "periodic-async", "gemini", "just-in-time"],
      description:
        "Replays a training job against the failures of a trace and says how much of the wall time each " +
        "policy keeps useful, and where the rest goes. In place of a trace, a generator: exponential, " +
        "weibull, lemon, bursts, correlated or heavy-tail, with :key=value,… after it. Policies combine: " +
        "gemini+spares, sync+jitter, async+token-bucket. A spot trace (milliseconds,add|remove,node) is " +
        "replayed under oobleck and varuna by the rules of the Oobleck artifact, --set model=NAME.",
      examples: [
        [
          "Which checkpoint interval?",
          "spillway replay fault faults.csv --policy periodic-sync --sweep interval=5min..240min*2",
        ],
        [
          "A job of your own",
          "spillway replay fault faults.csv --set useful=14d --set bytes=2.4TB",
        ],
        [
          "Eight jobs on one file system, and policies against their storms",
          "spillway replay fault faults.csv -p sync,async+spares,jitter,token-bucket,nvme-drain " +
          "--set gpus=128 --set bytes=2TB --shared fs=120GB/s --jobs 8",
        ],
        [
          "A large job among small ones that start later",
          "spillway replay fault faults.csv -p sync,jitter --shared fs=120GB/s " +
          "--job gpus=2048,bytes=8TB --job gpus=256,bytes=1TB,interval=10min,start=2h,count=4",
        ],
        [
          "What the waste costs",
          "spillway replay fault faults.csv --topology topology.conf " +
          "--hardware h100_sxm-x8 --site aws-us-east-1",
        ],
        [
          "Every model of the Oobleck artifact on a spot trace",
          "spillway replay fault spot.csv -p oobleck,varuna " +
          "--sweep model=BERT-large,GPT-2-ours,GPT-3-medium,GPT-3-2_7b,GPT-3-6_7b",
        ],
        [
          "A year of a large cluster, with the interval over 200 seeds",
          "spillway replay fault weibull:mtbf=3h,shape=0.7,nodes=2048,span=1y --seeds 200",
        ],
      ],
      options: (c) =>
        c.option("--seeds <n:integer>", "Generated traces: mean over so many seeds.")
          .option(
            "--topology <file:file>",
            "Where the nodes stand: CSV node,rack,switch,power,gpus, JSON, or Slurm's topology.conf.",
          )
          .option("--nodes <pattern:string>", "Only failures of nodes named so: 20/* or gpu0?.")
          .option(
            "--iterations <file:file>",
            "Recorded iterations: CSV iteration_seconds or start_seconds,end_seconds, or a Megatron log.",
          )
          .option("--shared <store:string>", "Store that several jobs share: fs=120GB/s.")
          .option("--jobs <n:integer>", "Jobs that share it; as many as fit when not given.")
          .type("job", ({ value }) => parseJob(value))
          .option(
            "--job <spec:job>",
            "A job of its own on it: gpus=64,bytes=2TB,interval=30min,start=2h,count=3.",
            { collect: true },
          ),
      adapt: async (trace, options: FaultOptions) => {
        const { withTopology } = await import("../../fault/job_options.ts");
        const { onlyNodes } = await import("../../fault/node_filter.ts");
        return withTopology(await onlyNodes(trace as Trace<"faults">, options.nodes), options);
      },
      trace: async (argument, _, seed) => {
        const { generatedTrace, parseGenerator } = await import("../../fault/generator_spec.ts");
        const spec = parseGenerator(argument);
        return spec === null ? null : generatedTrace(argument, spec, seed);
      },
      prepare: async (given, options: FaultOptions, trace) => {
        const { withJobOptions } = await import("../../fault/job_options.ts");
        const choices = withJobOptions(given, options, trace);
        if (options.seeds === undefined) return choices;
        if (trace.format !== "generated") {
          throw usageError(
            "--seeds: only generated traces have seeds",
            'name a generator, such as "weibull:mtbf=3h,shape=0.7"; "fault fit" fits one to a trace',
          );
        }
        if (options.seeds < 2) throw usageError(`--seeds: ${options.seeds} must be 2 or more`);
        return choices;
      },
      after: async ({ document, trace, choices, profiles, options, out }) => {
        const seeds = (options as FaultOptions).seeds;
        let result = document;
        const { parseGenerator } = await import("../../fault/generator_spec.ts");
        const spec = parseGenerator(trace.name);
        if (seeds !== undefined && spec !== null) {
          const { withSeedIntervals } = await import("../../fault/seed_intervals.ts");
          const { topology } = trace.meta as FaultTraceMeta;
          const context = { profiles, ...(topology === undefined ? {} : { topology }) };
          result = await withSeedIntervals(document, choices, spec, seeds, context, out);
          const { replayDocument } = await import("../../replay_run.ts");
          const ranked = replayDocument(
            faultFamily,
            trace,
            profiles,
            document.seed,
            result.results,
          );
          result = { ...result, ranking: ranked.ranking };
        }
        if ((options.sweep ?? []).some((s) => s.key === "interval" || s.key === "every")) {
          const { withIntervalCurves } = await import("../../fault/sweep_curve.ts");
          let last = 0;
          let count = 0;
          for await (const batch of (trace as Trace<"faults">).batches()) {
            count += batch.count;
            if (batch.count > 0) last = batch.startSeconds[batch.count - 1];
          }
          const span = (trace.meta as FaultTraceMeta).spanSeconds ?? last;
          const mtbf = span > 0 && count > 0 ? span / count : null;
          result = withIntervalCurves(result, mtbf);
        }
        const { withWaste } = await import("../../fault/waste.ts");
        return await withWaste(result, profiles);
      },
    }),
};
