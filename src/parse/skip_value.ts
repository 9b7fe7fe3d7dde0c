import type { JsonCursor } from "./json_cursor.ts";

const QUOTE = 0x22;
const MAX_DEPTH = 200;

/** Skips any value under the cursor; strings, numbers and words in it are checked on the way. */
export function skipValue(cursor: JsonCursor, depth = 0): void {
  if (depth > MAX_DEPTH) cursor.fail(`the value is nested deeper than ${MAX_DEPTH} levels`);
  switch (cursor.peek()) {
    case QUOTE:
      return cursor.skipString();
    case 0x7b:
      if (!cursor.openObject("an object")) return;
      do {
        if (cursor.peek() !== QUOTE) {
          cursor.fail(`expected a key in quotes, but found ${cursor.found()}`);
        }
        cursor.skipString();
        cursor.expect(0x3a, 'a colon ":"');
        skipValue(cursor, depth + 1);
      } while (cursor.more(0x7d));
      return;
    case 0x5b:
      if (!cursor.openArray("an array")) return;
      do skipValue(cursor, depth + 1); while (cursor.more(0x5d));
      return;
    case 0x74:
      return cursor.word("true");
    case 0x66:
      return cursor.word("false");
    case 0x6e:
      return cursor.word("null");
    default:
      cursor.number("a JSON value");
  }
}
