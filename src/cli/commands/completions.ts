import { Command, EnumType } from "@cliffy/command";
import { loadCompletionsSchema } from "../../registry/deferred.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = typeof SHELLS[number];

/** The script of the completion library, which prints it instead of giving it back. */
async function scriptOf(shell: Shell): Promise<string> {
  const { script } = await import("@bomb.sh/tab");
  const print = console.log;
  const lines: string[] = [];
  console.log = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    script(shell, "spillway", "spillway");
  } finally {
    console.log = print;
  }
  return lines.join("\n") + "\n";
}

export const command: CommandModule = {
  name: "completions",
  summary: "print the completion script of a shell",
  output: async () => (await loadCompletionsSchema()).completionsOutputSchema,
  build: () =>
    new Command()
      .description(
        "Prints a script that completes commands, options and values in your shell. Add the line of " +
          "your shell to its start-up file.",
      )
      .type("shell", new EnumType(SHELLS))
      .arguments("<shell:shell>")
      .example("bash (needs the bash-completion package)", "source <(spillway completions bash)")
      .example("zsh (after compinit)", "source <(spillway completions zsh)")
      .example("fish", "spillway completions fish | source")
      .action(async (options: GlobalOptions, shell: Shell) => {
        const script = await scriptOf(shell);
        const document = { schema: "spillway/completions/1", shell, script };
        await openOutput(options).emit(document, () => script);
      }),
};
