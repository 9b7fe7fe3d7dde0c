import { JsonItems, type JsonPath } from "../parse/json_items.ts";
import type { ImportInput } from "./importer.ts";
import { withPlaces } from "./place.ts";

/**
 * Calls `take` with the bytes of every wanted value of a JSON document, in the document's order; the bytes are
 * only lent. Memory is one chunk and one value.
 *
 * @throws {SpillwayError} data error with file and line when the document is damaged or cut off.
 */
export async function forEachJsonValue(
  input: ImportInput,
  wanted: (path: JsonPath) => boolean,
  take: (bytes: Uint8Array, path: JsonPath, line: number) => void,
): Promise<void> {
  const items = new JsonItems(wanted, take);
  await withPlaces(input.label, async () => {
    for await (const chunk of input.chunks()) items.push(chunk);
    items.end();
  });
}
