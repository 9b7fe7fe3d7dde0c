import { Command } from "@cliffy/command";
import { DO_NOT_RELY } from "../../../model/doubt.ts";
import { dataError, usageError } from "../../../model/errors.ts";
import { parseSeconds } from "../../../model/units.ts";
import { HOW_TO_NAME_A_TRACE } from "../../advise/open_trace.ts";
import type { CommandModule } from "../../command_module.ts";
import {
  type FactorOptions,
  loadFactors,
  todayOf,
  withFactorOptions,
} from "../../estimate/factor_options.ts";
import { openOutput } from "../../output.ts";

interface Options extends FactorOptions {
  readonly save?: string;
  readonly trace?: string;
  readonly llm?: string;
  readonly hits: number;
  readonly batch: number;
  readonly tpot: string;
  readonly peak: number;
  readonly years: number;
  readonly format?: string;
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  if (options.trace === undefined) {
    throw usageError("advise capacity: --trace T is missing", HOW_TO_NAME_A_TRACE);
  }
  if (!(options.hits > 0 && options.hits <= 1)) {
    throw usageError(`--hits: ${options.hits}, expected a share above 0 and up to 1`);
  }
  for (const [flag, value] of [["--peak", options.peak], ["--batch", options.batch]] as const) {
    if (!(value >= 1)) throw usageError(`${flag}: ${value}, expected at least 1`);
  }
  const tpot = parseSeconds(options.tpot, "--tpot");
  const names = {
    hardware: out.setting("hardware", options.hardware).value ?? "h100_sxm-x8",
    llm: out.setting("llm", options.llm).value ?? "llama-3-70b",
    site: out.setting("site", options.site).value ?? "aws-us-east-1",
  };
  const { loadProfiles } = await import("../../load_profiles.ts");
  const { loadTrace } = await import("../../load_trace.ts");
  const { requestDemand } = await import("../../../search/capacity/demand.ts");
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { capacityDocument } = await import("../../advise/capacity_document.ts");
  const profiles = await loadProfiles(names);
  if (profiles.hardware!.gpu === null) {
    throw usageError(`--hardware: the profile "${names.hardware}" has no GPU`);
  }
  const notes = (["hardware", "llm", "site"] as const)
    .filter((role) => out.setting(role, options[role]).value === null)
    .map((role) => `no --${role} given: ${names[role]} is assumed`);
  const trace = await loadTrace(options.trace, {
    storePath: out.setting("store").value!,
    ...(options.format === undefined ? {} : { format: options.format }),
    kind: ["requests"],
  });
  try {
    const { doubtOf } = await import("../../validate/guard.ts");
    const doubt = await doubtOf({
      trace,
      storePath: out.setting("store").value!,
      hardware: names.hardware,
      llm: names.llm,
      seed: Number(out.setting("seed").value),
    });
    if (doubt !== null) notes.unshift(`${DO_NOT_RELY} ${doubt}`);
    const demand = await requestDemand(trace, profiles.llm!, {
      hitShare: options.hits,
      batch: options.batch,
      secondsPerOutputToken: tpot,
      peak: options.peak,
    });
    if (demand.requests < 2 || demand.seconds <= 1e-6) {
      throw dataError(`${options.trace}: the requests span no time, so they have no rate`);
    }
    const document = capacityDocument({
      trace: {
        id: trace.id,
        name: trace.name,
        kind: trace.kind,
        format: trace.format,
        sha256: trace.sha256,
        rows: trace.rows,
      },
      profiles: names,
      demand,
      llm: profiles.llm!,
      hardware: profiles.hardware!,
      context: estimateContext(profiles.site!, profiles.hardware, await loadFactors(options, out)),
      years: options.years,
      today: todayOf(options),
      notes,
    });
    const { renderCapacity } = await import("../../advise/capacity_render.ts");
    await out.emit(document, () => renderCapacity(document, out));
    if (options.save !== undefined) {
      const { saveAdvice } = await import("../../advise/save_advice.ts");
      const { capacityPage } = await import("../../advise/capacity_page.ts");
      await saveAdvice(options.save, capacityPage(document), out);
    }
  } finally {
    await trace.close();
  }
}

export const command: CommandModule = {
  name: "advise capacity",
  summary: "how many GPUs are bought for their memory, and what tiers are worth in GPUs, $ and kg",
  output: async () => (await import("../../schemas/capacity_schema.ts")).capacityDocumentSchema,
  build: () =>
    withFactorOptions(
      new Command().description(
        "Sizes a fleet for a trace of requests in four designs: recompute everything, keep the KV of " +
          "hits in GPU memory, in DRAM, or on SSD. Says how many GPUs are bought for memory rather " +
          "than for FLOPs, what keeping KV below the GPUs is worth in GPUs, dollars and carbon, and " +
          "how that changes when demand and cards grow at different rates (--factor growth.…).",
      ),
    )
      .option("--trace <trace:string>", "Trace of requests: an id or name in the store, or a file.")
      .option("--llm <profile:string>", "Model profile: a built-in name or a JSON file.")
      .option("--hits <share:number>", "Share of all reachable hits that the held KV serves.", {
        default: 0.95,
      })
      .option("--batch <n:integer>", "Sequences that decode together.", { default: 64 })
      .option("--tpot <time:string>", "Time of an output token.", { default: "50ms" })
      .option("--peak <factor:number>", "Peak over mean of the request rate.", { default: 1 })
      .option("--years <n:integer>", "Years of growth to look ahead.", { default: 5 })
      .option("--format <name:string>", "Format of the trace file, when detection fails.")
      .option("--save <name:string>", "Keep the answer in the store under this name.")
      .example(
        "What is a tier worth here?",
        "spillway advise capacity --trace chat.jsonl --llm llama-3-70b",
      )
      .action((options: Options) => run(options)),
};
