import { z } from "zod";
import { metric } from "../../../model/metric.ts";
import type { Policy } from "../../../model/policy.ts";
import { counted } from "../../../model/plural.ts";
import { formatBytes } from "../../../model/units.ts";
import { shuffled } from "../order.ts";
import { loaderOutcome, loaderReplay, runEpochs } from "../outcome.ts";
import { LOADER_PARAMS } from "../params.ts";
import { fileWork, sourcePlace } from "../sources.ts";

const params = z.strictObject({
  ...LOADER_PARAMS,
  mostDepth: z.number().int().positive().default(64).describe("deepest read-ahead that is tried"),
  tolerance: z.number().min(0).max(1).default(0.01)
    .describe("utilisation that a shallower read-ahead may give away"),
});

type Params = z.infer<typeof params>;

export const policy: Policy<"io", Params> = {
  name: "prefetch-depth",
  family: "loader",
  summary:
    "small files with the shallowest read-ahead that keeps the accelerators as busy as the deepest",
  reference:
    "this tool: depths 1, 2, 4, ... of PyTorch's prefetch_factor x num_workers, threads grow with the depth",
  accepts: ["io"],
  params,
  create: (p, context) =>
    loaderReplay(p, context, (job, samples) => {
      const plan = {
        places: [sourcePlace(job.source)],
        order: (epoch: number) => shuffled(samples.count, context.seed, epoch),
        read: (
          sample: number,
          _host: number,
          _epoch: number,
          use: (w: ReturnType<typeof fileWork> & { place: number }) => void,
        ) => use({ place: 0, ...fileWork(job, samples.bytes[sample]) }),
      };
      const tried: { depth: number; job: typeof job; utilization: number }[] = [];
      for (let depth = 1; depth <= p.mostDepth; depth *= 2) {
        const at = { ...job, depth, threads: Math.max(job.threads, depth), epochs: 1 };
        const [facts] = runEpochs(at, plan);
        tried.push({ depth, job: at, utilization: facts.utilization });
      }
      const best = Math.max(...tried.map((t) => t.utilization));
      const chosen = tried.find((t) => t.utilization >= best - p.tolerance) ??
        tried[tried.length - 1];
      const run = { ...chosen.job, epochs: job.epochs };
      const buffer = run.depth * run.batchSize * samples.totalBytes / samples.count;
      return loaderOutcome("prefetch-depth", run, samples, plan, runEpochs(run, plan), {
        metrics: {
          prefetch_depth: metric(run.depth, "count", "modelled"),
          prefetch_buffer_bytes: metric(Math.round(buffer), "bytes", "modelled"),
        },
        notes: [
          `prefetch-depth: ${counted(run.depth, "batch", "batches")} ahead (${
            formatBytes(Math.round(buffer))
          } an accelerator); depths ${
            tried.map((t) => `${t.depth}: ${(100 * t.utilization).toFixed(1)} %`).join(", ")
          }.`,
        ],
      });
    }),
};
