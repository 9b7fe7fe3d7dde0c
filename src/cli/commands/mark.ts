import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { environmentVariable } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

const output = z.object({
  schema: z.literal("spillway/mark/1"),
  name: z.string(),
  recording: z.string().describe("file through which the recorder was told"),
});

async function run(options: GlobalOptions, name: string): Promise<void> {
  const out = openOutput(options);
  if (name.trim() === "" || /[\n\r]/.test(name) || name.length > 200) {
    throw usageError("mark: the name must be one line of 1 to 200 characters");
  }
  const { appendMark, findMarks, MARKS_VARIABLE } = await import("../../collect/marks.ts");
  const told = environmentVariable(MARKS_VARIABLE);
  const path = told !== undefined && told !== "" ? told : findMarks(out.setting("store").value!);
  appendMark(path, name);
  await out.emit(
    { schema: "spillway/mark/1", name, recording: path },
    () => "",
  );
}

export const command: CommandModule = {
  name: "mark",
  summary: "set a named mark in the running recording, from inside the workload",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Sets a named mark in the running recording. A recorded command finds its recording by " +
          "SPILLWAY_MARKS; from elsewhere the only recording beside the store is meant. Without this " +
          'tool a line will do: echo warm >> "$SPILLWAY_MARKS".',
      )
      .arguments("<name:string>")
      .example("From a training script", 'spillway mark "step 100"')
      .action((options: GlobalOptions, name: string) => run(options, name)),
};
