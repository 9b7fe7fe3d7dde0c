import initial from "./schema/001_initial.sql" with { type: "text" };
import allocationPoolSite from "./schema/002_allocation_pool_site.sql" with { type: "text" };
import documents from "./views/documents.sql" with { type: "text" };
import entries from "./views/entries.sql" with { type: "text" };
import runs from "./views/runs.sql" with { type: "text" };
import traces from "./views/traces.sql" with { type: "text" };

/** One step of the schema: a numbered file under `schema/`. Files are never edited once released. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** Every step, oldest first. A new one is one file and one line here. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "initial", sql: initial },
  { version: 2, name: "allocation pool and site", sql: allocationPoolSite },
];

/** The documented views. They are made anew by every migration, so they may change with any version. */
export const VIEWS: string = [entries, runs, traces, documents].join("\n");
