import { PlaceError } from "./place_error.ts";

/** What an event of PyTorch's exported memory timeline does. */
export type TimelineAction = "preexisting" | "create" | "increment" | "destroy";

const ACTIONS: readonly TimelineAction[] = ["preexisting", "create", "increment", "destroy"];

/** Categories by the index PyTorch writes. */
export const TIMELINE_CATEGORIES = [
  "parameter",
  "optimizer_state",
  "input",
  "temporary",
  "activation",
  "gradient",
  "autograd_detail",
  "unknown",
] as const;

export interface TimelineEvent {
  /** Nanoseconds from the first event with a time; 0 for what was there before. */
  readonly timeNs: number;
  readonly action: TimelineAction;
  /** Negative when bytes leave a category. */
  readonly bytes: number;
  readonly category: number;
}

/**
 * Reads `[[time_ns, action, bytes, category], ...]` of `export_memory_timeline(*.raw.json.gz)`. Times are whole
 * nanoseconds since 1970, above 2^53, so they are read as digits and not through doubles.
 *
 * @throws {PlaceError} where the text is something else or ends early.
 */
export function parseMemoryTimeline(text: string): TimelineEvent[] {
  const events: TimelineEvent[] = [];
  let at = 0;
  let base: bigint | null = null;
  const fail = (message: string): never => {
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    const found = at >= text.length
      ? "the end of the input"
      : JSON.stringify(text.slice(at, at + 12));
    throw new PlaceError(line, column, `${message}, found ${found}`);
  };
  const skip = (): void => {
    while (at < text.length && " \t\r\n".includes(text[at])) at++;
  };
  const expect = (char: string): void => {
    skip();
    if (text[at] !== char) fail(`expected "${char}"`);
    at++;
  };
  const integer = (): string => {
    skip();
    const from = at;
    if (text[at] === "-") at++;
    while (at < text.length && text[at] >= "0" && text[at] <= "9") at++;
    if (at === from || text.slice(from, at) === "-") {
      at = from;
      fail("expected a whole number");
    }
    return text.slice(from, at);
  };
  expect("[");
  skip();
  if (text[at] === "]") at++;
  else {
    for (;;) {
      expect("[");
      const time = BigInt(integer());
      expect(",");
      skip();
      const place = at;
      const action = Number(integer());
      if (ACTIONS[action - 1] === undefined) {
        at = place;
        fail("expected an action from 1 to 4");
      }
      expect(",");
      const bytes = Number(integer());
      if (!Number.isSafeInteger(bytes)) fail("expected a size below 2^53 bytes");
      expect(",");
      skip();
      const where = at;
      const category = Number(integer());
      if (TIMELINE_CATEGORIES[category] === undefined) {
        at = where;
        fail("expected a category from 0 to 7");
      }
      expect("]");
      if (time >= 0n && base === null) base = time;
      const since = time < 0n || base === null ? 0 : Number(time - base);
      events.push({ timeNs: since, action: ACTIONS[action - 1], bytes, category });
      skip();
      if (text[at] === ",") {
        at++;
        continue;
      }
      expect("]");
      break;
    }
  }
  skip();
  if (at < text.length) fail("expected the end of the input");
  return events;
}
