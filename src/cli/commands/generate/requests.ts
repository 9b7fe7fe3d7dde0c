import { Command } from "@cliffy/command";
import { z } from "zod";
import type { GeneratedRequest } from "../../../generate/requests.ts";
import { counted } from "../../../model/plural.ts";
import { formatSeconds } from "../../../model/units.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";
import { shellQuote } from "../../shell_quote.ts";
import { wrapText } from "../../wrap.ts";

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

/** Counts what is written; ids of blocks are dense, so that a byte an id tells the distinct ones. */
function createTally() {
  let seen = new Uint8Array(1 << 16);
  let requests = 0;
  let blockReferences = 0;
  let uniqueBlocks = 0;
  let spanSeconds = 0;
  return {
    add({ blocks, arrivalMs }: GeneratedRequest) {
      requests++;
      blockReferences += blocks.length;
      spanSeconds = arrivalMs / 1000;
      for (const id of blocks) {
        if (id >= seen.length) {
          const larger = new Uint8Array(2 * id);
          larger.set(seen);
          seen = larger;
        }
        uniqueBlocks += 1 - seen[id];
        seen[id] = 1;
      }
    },
    totals: () => ({ requests, blockReferences, uniqueBlocks, spanSeconds }),
  };
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const { DEFAULT_CHAT, chatRequests } = await import("../../../generate/requests.ts");
  const { mooncakeLine } = await import("../../../generate/mooncake_jsonl.ts");
  const { openLineFile } = await import("../../../runtime/line_file.ts");
  const seed = Number(out.setting("seed", options.seed).value);
  const tally = createTally();
  const file = openLineFile(options.output);
  try {
    for (
      const request of chatRequests({
        ...DEFAULT_CHAT,
        seed,
        sessions: options.sessions,
        meanSessionGapSeconds: options.gap,
        meanTurns: options.turns,
        meanThinkSeconds: options.think,
        systemPrompts: options.systemPrompts,
      })
    ) {
      file.write(mooncakeLine(request));
      tally.add(request);
    }
    file.close();
  } catch (error) {
    file.discard();
    throw error;
  }
  const document = {
    schema: "spillway/generate/1",
    file: options.output,
    seed,
    sessions: options.sessions,
    ...tally.totals(),
  };
  await out.emit(
    document,
    () =>
      wrapText(
        `wrote ${safeText(document.file)}: ${counted(document.requests, "request")} of ` +
          `${counted(document.sessions, "session")} over ` +
          `${formatSeconds(document.spanSeconds)}, ` +
          `${counted(document.blockReferences, "block reference")}, ` +
          `${document.uniqueBlocks.toLocaleString("en-US")} distinct (seed ${seed})`,
        out.width,
      ).join("\n") + `\n  next: spillway replay cache ${shellQuote(document.file)}\n`,
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
