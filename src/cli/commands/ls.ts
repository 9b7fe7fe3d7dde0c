import { Command, EnumType } from "@cliffy/command";
import { loadQuickList, loadStoreSchema } from "../../registry/deferred.ts";
import { storeExists } from "../../store/exists.ts";
import type { Entry, EntryKind } from "../../store/store.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { storePath, withStore } from "../open_store.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

const KINDS = [
  "run",
  "trace",
  "replay",
  "estimate",
  "advice",
  "gate",
  "baseline",
  "prediction",
] as const satisfies readonly EntryKind[];

interface Options extends GlobalOptions {
  readonly kind?: EntryKind;
}

function render(
  entries: readonly Entry[],
  path: string,
  exists: boolean,
  kind: EntryKind | undefined,
  out: Output,
): string {
  if (!exists) {
    const way = '"spillway demo" shows the whole way; "spillway record -- CMD" or ' +
      '"spillway import FILE" makes one.';
    return [`There is no store ${safeText(path)} yet.`, ...wrapText(way, out.width), ""].join("\n");
  }
  if (entries.length === 0) {
    return `The store ${safeText(path)} holds ${
      kind === undefined ? "nothing" : `no ${kind}`
    } yet.\n`;
  }
  return renderTable(
    [
      { title: "id" },
      { title: "kind" },
      { title: "name", flexible: true },
      { title: "stored (UTC)" },
      { title: "what", flexible: true },
    ],
    entries.map((e) => [
      e.id,
      e.kind,
      e.name,
      e.createdAt.slice(0, 16).replace("T", " "),
      e.summary,
    ]),
    out.width,
    out.style.bold,
  );
}

async function listOf(path: string, kind: EntryKind | undefined, out: Output): Promise<Entry[]> {
  const { quickList } = await loadQuickList();
  const entries = await quickList(path);
  if (entries !== null) return entries.filter((entry) => (kind ?? entry.kind) === entry.kind);
  return await withStore(out, "read", (store) => store.list(kind));
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const path = storePath(out);
  // Without a store DuckDB is not even loaded.
  const exists = storeExists(path);
  const entries = exists ? await listOf(path, options.kind, out) : [];
  await out.emit(
    { schema: "spillway/ls/1", store: path, exists, entries },
    () => render(entries, path, exists, options.kind, out),
  );
}

export const command: CommandModule = {
  name: "ls",
  summary: "list what the store holds",
  output: async () => (await loadStoreSchema()).lsOutputSchema,
  build: () =>
    new Command()
      .description(
        "Lists runs, traces, replays, estimates, gates, baselines and predictions, oldest first.",
      )
      .type("kind", new EnumType([...KINDS]))
      .option("--kind <kind:kind>", "Only this kind.")
      .example("Everything", "spillway ls")
      .example("Only recordings, for a script", "spillway ls --kind run --json")
      .action((options: Options) => run(options)),
};
