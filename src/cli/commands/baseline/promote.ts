import { Command } from "@cliffy/command";
import { differingFingerprint } from "../../../gate/observations.ts";
import { dataError, SpillwayError } from "../../../model/errors.ts";
import { stableStringify } from "../../../model/json.ts";
import { pathExists } from "../../../runtime/files.ts";
import type { DocumentKinds, Store } from "../../../store/store.ts";
import type { CommandModule } from "../../command_module.ts";
import {
  type BaselineDocument,
  baselineSchema,
  baselineSide,
  parseBaseline,
  readBaselineFile,
} from "../../gate/baseline_document.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";

interface Options extends GlobalOptions {
  readonly allowMismatch?: boolean;
}

const isFile = (name: string) => name.endsWith(".json") || name.includes("/");

async function load(store: Store, name: string): Promise<BaselineDocument> {
  if (isFile(name)) return readBaselineFile(name);
  const { document, id } = await store.document("baseline", name);
  return parseBaseline(document, id);
}

/** What stands under the name now; null when nothing does. */
async function loadIfThere(store: Store, name: string): Promise<BaselineDocument | null> {
  if (isFile(name) && !pathExists(name)) return null;
  try {
    return await load(store, name);
  } catch (error) {
    if (!isFile(name) && error instanceof SpillwayError && error.kind === "data") return null;
    throw error;
  }
}

async function run(options: Options, from: string, to: string): Promise<void> {
  const out = openOutput(options);
  const { openStore } = await import("../../../store/open.ts");
  const mode = isFile(to) ? "read" : "write";
  const store = await openStore(out.setting("store").value!, { mode });
  try {
    const candidate = await load(store, from);
    const before = await loadIfThere(store, to);
    if (candidate.incomplete !== null) {
      throw dataError(`${from} is incomplete (${candidate.incomplete}): it cannot be a reference`);
    }
    const key = before === null
      ? null
      : differingFingerprint(baselineSide(candidate), baselineSide(before));
    if (key !== null && !options.allowMismatch) {
      throw dataError(
        `${from} was measured on another machine than ${to}: ${key} differs`,
        "--allow-mismatch replaces it all the same",
      );
    }
    const document: BaselineDocument = { ...candidate, name: isFile(to) ? candidate.name : to };
    if (isFile(to)) {
      const { writeFileAtomically } = await import("../../../runtime/write_file.ts");
      writeFileAtomically(to, stableStringify(document) + "\n");
    } else {
      const kept = document as unknown as DocumentKinds["baseline"];
      await store.saveDocument("baseline", to, kept, { replace: true });
    }
    await out.emit(document, () =>
      `${safeText(to)} is now ${safeText(from)} ` +
      `(${Object.keys(document.observations).length} metrics)` +
      `${before === null ? "" : ` instead of that of ${before.createdAt}`}\n`);
  } finally {
    await store.close();
  }
}

export const command: CommandModule = {
  name: "baseline promote",
  summary: "put a saved baseline in the place of another",
  output: () => baselineSchema,
  build: () =>
    new Command()
      .description(
        "Copies a saved baseline (of the store or a file) over another, which later gates then compare with. " +
          "Refuses an incomplete one and one of another machine.",
      )
      .arguments("<from:string> <to:string>")
      .option("--allow-mismatch", "Also when the machines differ.")
      .example("The candidate becomes main", "spillway baseline promote candidate main")
      .example("Into a file to commit", "spillway baseline promote candidate baselines/main.json")
      .action((options: Options, from: string, to: string) => run(options, from, to)),
};
