import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { partFile } from "./part_file.ts";

/**
 * Writes pieces to a file as they come. The file appears under its name only when it is whole: until then
 * it is `PATH.PID.part`, which is removed when anything fails.
 */
export async function writeFileFrom(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const part = partFile(path);
  const stream = createWriteStream(part.path);
  const failed = new Promise<never>((_, reject) => stream.once("error", reject));
  failed.catch(() => {});
  try {
    for await (const piece of pieces) {
      if (!stream.write(piece)) await Promise.race([once(stream, "drain"), failed]);
    }
    const closed = once(stream, "close");
    stream.end();
    await Promise.race([closed, failed]);
    part.keep();
  } catch (error) {
    stream.destroy();
    part.drop();
    throw error;
  }
}
