import { Command, EnumType } from "@cliffy/command";
import bash from "../completions/spillway.bash" with { type: "text" };
import fish from "../completions/spillway.fish" with { type: "text" };
import zsh from "../completions/spillway.zsh" with { type: "text" };
import { loadCompletionsSchema } from "../../registry/deferred.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = typeof SHELLS[number];

const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };

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
      .example("bash", "source <(spillway completions bash)")
      .example("zsh (after compinit)", "source <(spillway completions zsh)")
      .example("fish", "spillway completions fish | source")
      .action(async (options: GlobalOptions, shell: Shell) => {
        const script = SCRIPTS[shell];
        const document = { schema: "spillway/completions/1", shell, script };
        await openOutput(options).emit(document, () => script);
      }),
};
