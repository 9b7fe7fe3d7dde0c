import { Command } from "@cliffy/command";
import { z } from "zod";
import { environmentError } from "../../model/errors.ts";
import { formatSeconds } from "../../model/units.ts";
import { writeText } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { demoSteps } from "../demo/steps.ts";
import type { DemoResults } from "../demo/summary.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { shellLine } from "../shell_quote.ts";

interface Options extends GlobalOptions {
  readonly directory: string;
}

const output = z.strictObject({
  schema: z.literal("spillway/demo/1"),
  report: z.string(),
  store: z.string(),
  seconds: z.number(),
  steps: z.array(z.strictObject({ key: z.string(), command: z.string(), seconds: z.number() })),
});

/** The line a user would type for these arguments. */
function asTyped(args: readonly string[], self: readonly string[]): string {
  return `spillway ${shellLine(args).replace(shellLine(self), "spillway")}`;
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const { demoFolder } = await import("../../runtime/demo_folder.ts");
  const { selfCommand } = await import("../../runtime/self.ts");
  const { runSelf } = await import("../../runtime/run_self.ts");
  const paths = demoFolder(options.directory);
  const self = selfCommand();
  const started = performance.now();
  const steps = demoSteps({ ...paths, self });
  const documents = new Map<string, unknown>();
  const done: { key: string; command: string; seconds: number }[] = [];
  const runStep = async (key: string, title: string, args: readonly string[], at: number) => {
    const typed = asTyped(args, self);
    const total = steps.length + 1;
    await out.note(`\n[${at}/${total}] ${title}\n$ ${typed}`);
    const before = performance.now();
    const { code, stdout, stderr } = await runSelf(args);
    const seconds = (performance.now() - before) / 1000;
    if (code !== 0) {
      throw environmentError(
        `the demo's step "${title}" ended with ${code}: ${
          stderr.trim().split("\n")[0] ?? "no message"
        }`,
        `run it by itself: ${typed}`,
      );
    }
    done.push({ key, command: typed, seconds });
    return { stdout, stderr };
  };
  for (const [i, step] of steps.entries()) {
    const { stdout, stderr } = await runStep(step.key, step.title, step.args, i + 1);
    // A recording's stdout belongs to its child: its document comes on stderr.
    documents.set(step.key, lastJson(step.key === "record" ? stderr : stdout));
  }
  await runStep("report", "Write the report", [
    "report",
    "demo-run",
    "demo-allocator",
    "demo-offload",
    "demo-fault",
    ...["demo-run", "demo-offload"].map((name) => `${name}@anywhere`),
    "-o",
    paths.report,
    "--title",
    "Spillway demo",
    "--store",
    paths.store,
  ], steps.length + 1);
  const seconds = (performance.now() - started) / 1000;
  const results: DemoResults = {
    run: documents.get("record") as DemoResults["run"],
    replays: ["allocator", "offload", "fault"].map((k) =>
      documents.get(k) as DemoResults["replays"][number]
    ),
    estimates: ["estimateRun", "estimateOffload"].map((k) =>
      documents.get(k) as DemoResults["estimates"][number]
    ),
    report: paths.report,
    store: paths.store,
  };
  const { renderSummary } = await import("../demo/summary.ts");
  const { report, store } = paths;
  await out.note("");
  await out.emit(
    { schema: "spillway/demo/1", report, store, seconds, steps: done },
    () => renderSummary(results, out.width),
  );
  if (!out.json) await writeText("stderr", `demo done in ${formatSeconds(seconds)}\n`);
}

/** The JSON document in a text that may begin with other lines. */
function lastJson(text: string): unknown {
  const start = text.search(/^\{/m);
  return start < 0 ? null : JSON.parse(text.slice(start));
}

export const command: CommandModule = {
  name: "demo",
  summary: "record, replay, estimate and report on this machine, in under two minutes",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Records a storage workload that moves real bytes on this machine's disk, generates a trace of " +
          "requests, replays it against allocator, offload and checkpoint policies, estimates what each " +
          "costs, and writes a report. Shows every command, so that you can run it yourself.",
      )
      .option("--directory <folder:file>", "Folder for the report and its store.", {
        default: "reports",
      })
      .example("See what Spillway does", "spillway demo")
      .action((options: Options) => run(options)),
};
