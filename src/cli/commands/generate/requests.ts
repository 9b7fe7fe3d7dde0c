import { Command } from "@cliffy/command";
import { z } from "zod";
import { formatSeconds } from "../../../model/units.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";

interface Options extends GlobalOptions {
  readonly output: string;
  readonly seed?: number;
  readonly sessions: number;
  readonly gap: number;
  readonly turns: number;
  readonly think: number;
  readonly systemPrompts: number;
}

const output = z.strictObject({
  schema: z.literal("spillway/generate/1"),
  file: z.string(),
  seed: z.number(),
  requests: z.number(),
  sessions: z.number(),
  blockReferences: z.number(),
  uniqueBlocks: z.number(),
  spanSeconds: z.number(),
});

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const { DEFAULT_CHAT, generateChatTrace } = await import("../../../generate/requests.ts");
  const { mooncakeLines } = await import("../../../generate/mooncake_jsonl.ts");
  const seed = Number(out.setting("seed", options.seed).value);
  const requests = generateChatTrace({
    ...DEFAULT_CHAT,
    seed,
    sessions: options.sessions,
    meanSessionGapSeconds: options.gap,
    meanTurns: options.turns,
    meanThinkSeconds: options.think,
    systemPrompts: options.systemPrompts,
  });
  const { writeFileAtomically } = await import("../../../runtime/write_file.ts");
  writeFileAtomically(options.output, [...mooncakeLines(requests)].join(""));
  const blocks = requests.flatMap((r) => r.blocks);
  const document = {
    schema: "spillway/generate/1",
    file: options.output,
    seed,
    requests: requests.length,
    sessions: options.sessions,
    blockReferences: blocks.length,
    uniqueBlocks: new Set(blocks).size,
    spanSeconds: (requests.at(-1)?.arrivalMs ?? 0) / 1000,
  };
  await out.emit(
    document,
    () =>
      `wrote ${
        safeText(document.file)
      }: ${document.requests} requests of ${document.sessions} sessions ` +
      `over ${
        formatSeconds(document.spanSeconds)
      },\n${document.blockReferences} block references, ` +
      `${document.uniqueBlocks} distinct (seed ${seed})\n`,
  );
}

export const command: CommandModule = {
  name: "generate requests",
  summary: "write a seeded trace of chat requests",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Writes a trace of chat sessions in Mooncake JSONL: growing conversations, shared system " +
          "prompts, Poisson arrivals. The same seed gives the same bytes.",
      )
      .option("-o, --output <file:file>", "File to write.", { default: "requests.jsonl" })
      .option("--seed <n:integer>", "Seed (default: the setting, 1).")
      .option("--sessions <n:integer>", "Number of sessions.", { default: 300 })
      .option("--gap <seconds:number>", "Mean seconds between sessions.", { default: 2 })
      .option("--turns <n:number>", "Mean turns of a session.", { default: 4 })
      .option("--think <seconds:number>", "Mean think time between turns.", { default: 20 })
      .option("--system-prompts <n:integer>", "Different system prompts.", { default: 12 })
      .example("A thousand sessions", "spillway generate requests --sessions 1000 -o chat.jsonl")
      .example("Replay it", "spillway replay cache chat.jsonl --capacity 1000,infinite")
      .action((options: Options) => run(options)),
};
