import { Command } from "@cliffy/command";
import { stableStringify } from "../../../model/json.ts";
import { gitState } from "../../../runtime/git.ts";
import { VERSION } from "../../../runtime/version.ts";
import type { DocumentKinds } from "../../../store/store.ts";
import type { CommandModule } from "../../command_module.ts";
import { type BaselineDocument, baselineSchema } from "../../gate/baseline_document.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";

interface Options extends GlobalOptions {
  readonly output?: string;
}

async function run(options: Options, name: string, ids: readonly string[]): Promise<void> {
  const out = openOutput(options);
  const { openStore } = await import("../../../store/open.ts");
  const { loadSide } = await import("../../gate/load_side.ts");
  const path = out.setting("store").value!;
  const store = await openStore(path, { mode: options.output === undefined ? "write" : "read" });
  try {
    const side = await loadSide(store, ids);
    const document: BaselineDocument = {
      schema: "spillway/baseline/1",
      name,
      createdAt: new Date().toISOString(),
      tool: { name: "spillway", version: VERSION },
      git: gitState(),
      fingerprint: side.fingerprint,
      incomplete: side.incomplete,
      observations: side.observations as BaselineDocument["observations"],
    };
    let where: string;
    if (options.output !== undefined) {
      const { writeFileAtomically } = await import("../../../runtime/write_file.ts");
      writeFileAtomically(options.output, stableStringify(document) + "\n");
      where = options.output;
    } else {
      const id = await store.saveDocument(
        "baseline",
        name,
        document as unknown as DocumentKinds["baseline"],
      );
      where = `${path} as ${id}`;
    }
    await out.emit(document, () =>
      `saved baseline ${safeText(name)} of ${side.name} ` +
      `(${Object.keys(side.observations).length} metrics) in ${safeText(where)}\n`);
  } finally {
    await store.close();
  }
}

export const command: CommandModule = {
  name: "baseline save",
  summary: "keep runs, a replay or an estimate as the reference of later gates",
  output: () => baselineSchema,
  build: () =>
    new Command()
      .description(
        "Saves the metrics of runs of one workload, of a replay or of an estimate under a name, in the " +
          "store or as a file to commit.",
      )
      .arguments("<name:string> <ids...:string>")
      .option("-o, --output <file:file>", "Write a file instead of the store.")
      .example("Five runs as the reference", "spillway baseline save main r1 r2 r3 r4 r5")
      .example("As a file to commit", "spillway baseline save main p1 -o baseline.json")
      .action((options: Options, name: string, ...ids: string[]) => run(options, name, ids)),
};
