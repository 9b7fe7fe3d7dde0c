import assert from "node:assert/strict";
import { test } from "node:test";
import { replayFile, withFile } from "./ops_replay.ts";

/** Replays requests of prompt and output tokens that arrive together, under `paged` with blocks of 4. */
function paged(requests: readonly (readonly [number, number])[], params: Record<string, unknown>) {
  const csv = ["input_tokens,output_tokens", ...requests.map((r) => r.join())];
  return withFile(
    "requests.csv",
    csv.join("\n"),
    (path) => replayFile(path, "paged", { blockTokens: 4, ...params }),
  );
}

test("lookahead holds slots beyond the tokens of every step", async () => {
  const held = async (lookaheadTokens: number) => {
    const { lines } = await paged([[8, 3]], { slots: 64, lookaheadTokens });
    return lines.map((line) => line.used);
  };
  // 8 tokens fill two blocks; the third is opened when the ninth is written. All go at the end.
  assert.deepEqual(await held(0), [2, 3, 0]);
  assert.deepEqual(await held(1), [3, 3, 0]);
  // 9 tokens and 4 ahead are 13 slots: four blocks.
  assert.deepEqual(await held(4), [3, 4, 0]);
});

test("a request that fits only without its lookahead can never run", async () => {
  const rejected = async (lookaheadTokens: number) => {
    const { outcome } = await paged([[8, 5]], { slots: 12, lookaheadTokens });
    return outcome.metrics.rejected_count.value;
  };
  assert.equal(await rejected(0), 0);
  assert.equal(await rejected(1), 1);
});

test("the longest context ends generation, bounds the lookahead and rejects a prompt as long", async () => {
  const { lines, outcome } = await paged([[8, 50], [12, 1], [4, 2]], {
    slots: 64,
    maxModelTokens: 12,
    lookaheadTokens: 4,
  });
  assert.equal(outcome.metrics.rejected_count.value, 1);
  // 8 + 4 slots of the first request, 4 + 4 of the third; then 9 + 4 slots would be beyond the limit.
  assert.deepEqual(lines.map((line) => line.used), [5, 3, 3, 0]);
  assert.match(outcome.notes!.join(), /1 request cut short at maxModelTokens=12/);
});

test("whole-sequence admission waits until the prompt fits, not just its first chunk", async () => {
  const requests = [[16, 9], [24, 1]] as const;
  const params = { slots: 32, tokenBudget: 20 };
  const chunked = await paged(requests, { ...params, wholeSequence: false });
  const whole = await paged(requests, { ...params, wholeSequence: true });
  // The first takes 16 of the 20 tokens of the step: a chunk of 4 of the second is let in beside it.
  assert.deepEqual(chunked.lines[0].scheduled, ["0:16", "1:4"]);
  assert.deepEqual(whole.lines[0].scheduled, ["0:16"]);
  // Let in early it is thrown out again; admitted whole it is not.
  assert.ok(Number(chunked.outcome.metrics.preemption_count.value) > 0);
  assert.equal(whole.outcome.metrics.preemption_count.value, 0);
  assert.equal(whole.outcome.usage!.functionalUnits.requests, 2);
});

test("the watermark stays free beside a whole sequence", async () => {
  const first = async (watermark: number) => {
    const { lines } = await paged([[8, 4], [16, 1]], {
      slots: 24,
      tokenBudget: 12,
      wholeSequence: true,
      watermark,
    });
    return lines[0].scheduled;
  };
  // Two blocks and four of the second request are all six; one block of watermark keeps it out.
  assert.deepEqual(await first(0), ["0:8", "1:4"]);
  assert.deepEqual(await first(0.2), ["0:8"]);
});
