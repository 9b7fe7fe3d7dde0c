import { z } from "zod";

/** What `completions SHELL --json` prints. */
export const completionsOutputSchema = z.strictObject({
  schema: z.literal("spillway/completions/1"),
  shell: z.enum(["bash", "zsh", "fish"]),
  script: z.string(),
});
