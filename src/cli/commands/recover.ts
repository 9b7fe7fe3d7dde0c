import { Command } from "@cliffy/command";
import { rmSync } from "node:fs";
import { z } from "zod";
import { dataError, messageOf } from "../../model/errors.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { renderTable } from "../table.ts";

interface Options extends GlobalOptions {
  readonly dryRun?: boolean;
  readonly discard?: boolean;
}

const output = z.object({
  schema: z.literal("spillway/recover/1"),
  recordings: z.array(z.object({
    path: z.string(),
    state: z.enum(["live", "dead", "unreadable"]),
    action: z.enum(["loaded", "found", "left", "discarded", "failed"]),
    id: z.string().nullable().describe("id of the run once loaded"),
    name: z.string().nullable(),
    seconds: z.number().nullable(),
    samples: z.number().nullable(),
    reason: z.string().nullable(),
  })),
});

type Row = z.infer<typeof output>["recordings"][number];

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const storePath = out.setting("store").value!;
  const { findSpools, marksPath } = await import("../../collect/spool/find.ts");
  const rows: Row[] = [];
  for (const found of findSpools(storePath)) {
    const { path, state, spool, problem } = found;
    const row = {
      path,
      state,
      id: null,
      name: spool?.header.name ?? null,
      seconds: spool === null ? null : spool.lastTimeNs / 1e9,
      samples: spool === null ? null : spool.counts.reduce((a, b) => a + b, 0),
      reason: problem,
    };
    if (state === "live") {
      rows.push({ ...row, action: "left", reason: "its recorder is still running" });
    } else if (options.discard) {
      rmSync(path, { force: true });
      rmSync(marksPath(path), { force: true });
      rows.push({ ...row, action: "discarded" });
    } else if (spool === null) rows.push({ ...row, action: "failed" });
    else if (options.dryRun) rows.push({ ...row, action: "found" });
    else {
      const { runOfSpool } = await import("../record/run_of_spool.ts");
      const { saveSpool } = await import("../record/save_spool.ts");
      try {
        const record = await runOfSpool(spool);
        const { id } = await saveSpool(path, record, storePath);
        rows.push({ ...row, action: "loaded", id, reason: record.statusReason });
      } catch (error) {
        rows.push({ ...row, action: "failed", reason: messageOf(error) });
      }
    }
  }
  await out.emit(
    { schema: "spillway/recover/1", recordings: rows },
    () =>
      rows.length === 0 ? `no recording waits beside ${storePath}\n` : renderTable(
        [
          { title: "recording", flexible: true },
          { title: "action" },
          { title: "run" },
          { title: "seconds", align: "right" },
          { title: "samples", align: "right" },
          { title: "note", flexible: true },
        ],
        rows.map((r) => [
          r.name ?? r.path,
          r.action,
          r.id ?? "",
          r.seconds?.toFixed(1) ?? "",
          r.samples?.toString() ?? "",
          r.reason ?? "",
        ]),
        out.width,
        out.style.bold,
      ),
  );
  const failed = rows.filter((row) => row.action === "failed");
  if (failed.length > 0) {
    throw dataError(
      `${failed[0].path}: ${failed[0].reason}`,
      '"spillway recover --discard" removes recordings that cannot be loaded',
    );
  }
}

export const command: CommandModule = {
  name: "recover",
  summary: "load recordings whose recorder was killed before it could store them",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Finds the spool files beside the store whose recorder no longer runs and loads what they hold; " +
          "such a run is marked partial. At most the last second before the kill is lost.",
      )
      .option("--dry-run", "Say what would be loaded and leave it.")
      .option("--discard", "Remove the recordings instead of loading them.")
      .example("After a crash", "spillway recover")
      .action((options: Options) => run(options)),
};
