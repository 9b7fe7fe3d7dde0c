import { createHmac, randomBytes } from "node:crypto";

/** Makes what an engine calls its blocks useless to anybody else: the same name gives the same code in one recording. */
export type Scrub = (name: string) => string;

/** Bytes of a code: 64 bits keep a million million blocks apart. */
const CODE_BYTES = 8;

/**
 * Block hashes of production follow from what users wrote: whoever guesses a prompt can compute them. They are
 * hashed with a salt that is drawn for the recording and never written down (HMAC-SHA-256, RFC 2104).
 *
 * @param enabled Without it names stay as they are.
 */
export function createScrub(enabled: boolean): Scrub {
  if (!enabled) return (name) => name;
  const salt = randomBytes(32);
  return (name) =>
    createHmac("sha256", salt).update(name).digest().subarray(0, CODE_BYTES).toString("hex");
}
