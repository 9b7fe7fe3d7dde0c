import { Command, EnumType } from "@cliffy/command";
import type { CommandModule } from "../command_module.ts";

type Shell = "bash" | "zsh" | "fish";

export const command: CommandModule = {
  name: "completions",
  summary: "print the completion script of a shell",
  build: () =>
    new Command()
      .description(
        "Prints a script that completes commands, options and values in your shell. Add the line of " +
          "your shell to its start-up file.",
      )
      .type("shell", new EnumType(["bash", "zsh", "fish"]))
      .arguments("<shell:shell>")
      .example("bash (needs the bash-completion package)", "source <(spillway completions bash)")
      .example("zsh (after compinit)", "source <(spillway completions zsh)")
      .example("fish", "spillway completions fish | source")
      .action(async (_options: unknown, shell: Shell) => {
        const { script } = await import("@bomb.sh/tab");
        script(shell, "spillway", "spillway");
      }),
};
