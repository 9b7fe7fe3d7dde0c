import { Command } from "@cliffy/command";
import { z } from "zod";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { renderTable } from "../../table.ts";

const output = z.strictObject({
  schema: z.literal("spillway/baselines/1"),
  baselines: z.array(z.strictObject({
    id: z.string(),
    name: z.string(),
    createdAt: z.string(),
  })),
});

async function run(options: GlobalOptions): Promise<void> {
  const out = openOutput(options);
  const { openStore } = await import("../../../store/open.ts");
  const store = await openStore(out.setting("store").value!, { mode: "read" });
  try {
    const entries = await store.list("baseline");
    const baselines = entries.map(({ id, name, createdAt }) => ({ id, name, createdAt }));
    await out.emit(
      { schema: "spillway/baselines/1", baselines },
      () =>
        baselines.length === 0
          ? 'no baseline is saved; "spillway baseline save NAME ID" saves one\n'
          : renderTable(
            [{ title: "id" }, { title: "name", flexible: true, wrap: true }, { title: "saved" }],
            baselines.map((b) => [b.id, b.name, b.createdAt]),
            out.width,
            out.style.bold,
          ),
    );
  } finally {
    await store.close();
  }
}

export const command: CommandModule = {
  name: "baseline ls",
  summary: "list the saved baselines",
  output: () => output,
  build: () =>
    new Command()
      .description("Lists the baselines of the store, oldest first.")
      .example("Which baselines are there?", "spillway baseline ls")
      .action((options: GlobalOptions) => run(options)),
};
