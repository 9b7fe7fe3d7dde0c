import { z } from "zod";
import { messageOf } from "./errors.ts";
import { parseBytes, parseRate, parseSeconds } from "./units.ts";

/** Parameter schemas that read the units people write: `--set capacity=40GiB`, `--set interval=30min`. */

function withUnit(parse: (text: string) => number): z.ZodType<number, number | string> {
  return z.union([z.number(), z.string()]).transform((input, context) => {
    if (typeof input === "number") return input;
    try {
      return parse(input);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error).replace(/^[^:]*: /, "") });
      return z.NEVER;
    }
  });
}

/** A size in bytes: a number, or text such as `40GiB`. */
export function bytesParam(): z.ZodType<number, number | string> {
  return withUnit((text) => parseBytes(text));
}

/** A duration in seconds: a number, or text such as `30min`. */
export function secondsParam(): z.ZodType<number, number | string> {
  return withUnit((text) => parseSeconds(text));
}

/** Bytes a second: a number, or text such as `25GB/s`. */
export function rateParam(): z.ZodType<number, number | string> {
  return withUnit((text) => parseRate(text));
}
