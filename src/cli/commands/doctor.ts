import { Command } from "@cliffy/command";
import { z } from "zod";
import { environmentError } from "../../model/errors.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

interface Options extends GlobalOptions {
  readonly fatal?: boolean;
}

const probe = z.object({
  name: z.string(),
  summary: z.string(),
  status: z.enum(["ok", "partial", "absent", "denied"]),
  reason: z.string().nullable(),
  remedy: z.string().nullable(),
  devices: z.array(z.string()),
});

const output = z.object({
  schema: z.literal("spillway/doctor/1"),
  host: z.record(z.string(), z.unknown()),
  sources: z.array(probe),
  checks: z.array(probe),
});

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const { chooseSources } = await import("../record/choose_sources.ts");
  const { probeSources, renderProbes } = await import("../record/probe.ts");
  const { environmentChecks } = await import("../record/checks.ts");
  const { hostFacts } = await import("../../runtime/host.ts");
  const sources = await probeSources(await chooseSources(null), 100e6);
  const checks = await environmentChecks(out.setting("store").value!);
  const host = hostFacts();
  await out.emit({ schema: "spillway/doctor/1", host, sources, checks }, () => {
    const bold = out.style.bold;
    return `${bold("This machine")}\n${host.cpuModel}, ${host.logicalCpus} logical processors, ` +
      `Linux ${host.kernel}, ${host.runtime}\n\n${bold("Sources of record")}\n` +
      `${renderProbes(sources, out)}\n${bold("Environment")}\n${renderProbes(checks, out)}`;
  });
  const wrong = checks.filter((check) => check.status === "absent" || check.status === "denied");
  if (options.fatal && wrong.length > 0) {
    throw environmentError(`${wrong[0].name}: ${wrong[0].reason}`, wrong[0].remedy ?? undefined);
  }
}

export const command: CommandModule = {
  name: "doctor",
  summary: "say what this machine lets the tool read and do, why not the rest, and the remedy",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Lists every source of record with ok, partial, absent or denied, the reason and the remedy, and " +
          "checks what the other commands need.",
      )
      .option("--fatal", "End with 5 when something of the environment is missing.")
      .example("Is this machine ready?", "spillway doctor")
      .example("In CI", "spillway doctor --fatal --json")
      .action((options: Options) => run(options)),
};
