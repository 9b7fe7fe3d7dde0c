import { createWriteStream, renameSync, rmSync } from "node:fs";
import { once } from "node:events";
import process from "node:process";

/**
 * Writes pieces to a file as they come. The file appears under its name only when it is whole: until then
 * it is `PATH.PID.part`, which is removed when anything fails.
 */
export async function writeFileFrom(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  const stream = createWriteStream(part);
  const failed = new Promise<never>((_, reject) => stream.once("error", reject));
  failed.catch(() => {});
  try {
    for await (const piece of pieces) {
      if (!stream.write(piece)) await Promise.race([once(stream, "drain"), failed]);
    }
    const closed = once(stream, "close");
    stream.end();
    await Promise.race([closed, failed]);
    renameSync(part, path);
  } catch (error) {
    stream.destroy();
    rmSync(part, { force: true });
    throw error;
  }
}
