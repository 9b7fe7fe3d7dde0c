import { usageError } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import type { ReplayAfter } from "../replay_command.ts";
import { openLineFile } from "../../runtime/line_file.ts";

/**
 * Replays once more and writes one JSON line an operation (or a step, for KV policies) to a file.
 *
 * @throws usage error when more than one run was chosen, or when the policy cannot tell.
 */
export async function writeEvents(after: ReplayAfter, path: string): Promise<void> {
  const { trace, choices, profiles, document } = after;
  if (choices.length !== 1) {
    throw usageError(
      `--events: ${choices.length} runs were chosen, but the lines are those of one`,
      "name one policy with --policy and leave --sweep out",
    );
  }
  const [{ policy, params }] = choices;
  const file = openLineFile(path);
  let lines = 0;
  try {
    const replay = policy.create(params, {
      meta: trace.meta,
      profiles,
      seed: document.seed,
      seriesPoints: 16,
      onEvent: (line) => {
        file.write(JSON.stringify(line));
        lines++;
      },
    });
    for await (const batch of trace.batches()) replay.feed(batch);
    replay.finish();
    if (lines === 0) {
      throw usageError(
        `--events: ${policy.name} does not tell what happens in each operation`,
        "pytorch-caching, gmlake, paged and others do",
      );
    }
    file.close();
  } catch (error) {
    file.discard();
    throw error;
  }
  await after.out.note(`wrote ${counted(lines, "line")} to ${path}`);
}
