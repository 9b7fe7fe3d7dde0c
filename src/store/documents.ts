import type { DuckDBConnection } from "@duckdb/node-api";
import type { AdviceDocument } from "../model/advice.ts";
import type { EstimateDocument, ReplayDocument } from "../model/results.ts";
import { bestOf } from "../model/best_result.ts";
import { dataError } from "../model/errors.ts";
import { counted } from "../model/plural.ts";
import { insertMetrics } from "./metrics.ts";
import { findEntry, insertEntry } from "./names.ts";
import type { DocumentKinds } from "./store.ts";

type DocumentKind = keyof DocumentKinds;

function summaryOf(kind: DocumentKind, document: DocumentKinds[DocumentKind]): string {
  if (kind === "replay") {
    const replay = document as ReplayDocument;
    const best = bestOf(replay.ranking);
    const head = `${replay.family} on ${replay.trace.name}, ${
      counted(replay.results.length, "result")
    }`;
    return best === undefined ? head : `${head}, best ${best.policy} by ${replay.ranking.by}`;
  }
  if (kind === "estimate") {
    const estimate = document as EstimateDocument;
    return `${estimate.subject.kind} ${estimate.subject.name}, ${
      counted(estimate.results.length, "result")
    }`;
  }
  if (kind === "baseline") {
    const { observations } = document as { observations?: Readonly<Record<string, unknown>> };
    if (observations !== undefined) return counted(Object.keys(observations).length, "metric");
  }
  const verdict = (document as { verdict?: unknown }).verdict;
  if (typeof verdict === "string") return verdict;
  const subject = (document as { summary?: unknown }).summary;
  return typeof subject === "string" ? subject : String(document.schema);
}

/** Stores a document and the rows that views show of it; the caller holds the transaction. */
export async function saveDocument<K extends DocumentKind>(
  connection: DuckDBConnection,
  kind: K,
  name: string,
  document: DocumentKinds[K],
  replace: boolean,
): Promise<string> {
  if (replace) await removeNamed(connection, kind, name);
  const entry = await insertEntry(connection, kind, name, summaryOf(kind, document), document);
  if (kind === "replay") {
    const { results } = document as ReplayDocument;
    for (const [i, r] of results.entries()) {
      await insertMetrics(connection, entry.key, i, r.policy, r.metrics);
    }
  }
  if (kind === "advice") {
    const { subjects } = document as AdviceDocument;
    for (const [i, s] of subjects.entries()) {
      await insertMetrics(connection, entry.key, i, s.name, s.metrics);
    }
  }
  if (kind === "estimate") {
    const { results } = document as EstimateDocument;
    for (const [i, r] of results.entries()) {
      await insertMetrics(connection, entry.key, i, r.name, r.metrics);
    }
  }
  return entry.id;
}

async function removeNamed(
  connection: DuckDBConnection,
  kind: DocumentKind,
  name: string,
): Promise<void> {
  const found = await connection.runAndReadAll(
    "SELECT key FROM private.entry WHERE kind = $1 AND name = $2",
    [kind, name],
  );
  for (const row of found.getRows()) {
    await connection.run("DELETE FROM private.metric WHERE key = $1", [Number(row[0])]);
    await connection.run("DELETE FROM private.entry WHERE key = $1", [Number(row[0])]);
  }
}

export async function readDocument<K extends DocumentKind>(
  connection: DuckDBConnection,
  path: string,
  kind: K,
  idOrName: string,
): Promise<{ id: string; name: string; createdAt: string; document: DocumentKinds[K] }> {
  const entry = await findEntry(connection, path, idOrName, kind);
  const document = await entryDocument<DocumentKinds[K]>(connection, path, entry.key);
  return { id: entry.id, name: entry.name, createdAt: entry.createdAt, document };
}

/** The whole document of an entry. */
export async function entryDocument<T>(
  connection: DuckDBConnection,
  path: string,
  key: number,
): Promise<T> {
  const result = await connection.runAndReadAll(
    "SELECT document::VARCHAR FROM private.entry WHERE key = $1",
    [key],
  );
  const text = result.getRows()[0]?.[0];
  if (typeof text !== "string") {
    throw dataError(`store ${path}: the document of entry ${key} is missing`);
  }
  return JSON.parse(text) as T;
}
