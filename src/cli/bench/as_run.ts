import { scoreClaims } from "../../gate/score.ts";
import type { MeasuredQuantity, ScoreRow } from "../../model/prediction.ts";
import type { EngineProfile } from "../../model/profiles/engine.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { LoadedRequests } from "./inputs.ts";
import { predictConversation } from "./predictors.ts";

/** How far the time to first token of a recorded run may be off, replayed as it ran. */
const REPRODUCED_WITHIN = 0.2;

/** The first number of a recorded run that its own replay does not give; null when all are reproduced. */
export function notReproduced(rows: readonly ScoreRow[]): string | null {
  const wrong = rows.find((row) =>
    row.measured !== null && row.verdict === "miss" &&
    (row.within === 0 || row.quantity === "ttft_mean_seconds")
  );
  if (wrong === undefined) return null;
  const shown = (value: number) => formatInUnit(value, wrong.unit);
  return `the recorded run is not reproduced under as-run: ${wrong.quantity} is ${
    shown(wrong.predicted)
  } replayed and ${shown(wrong.measured!)} recorded`;
}

/**
 * Replays a recorded conversation under the policy and parameters that it ran with. Turns, tokens and bytes
 * must be equal, the mean time to first token within 20 %; else advice on the run would rest on a model that
 * does not describe it.
 */
export async function validateConversation(
  recorded: {
    readonly params: Readonly<Record<string, unknown>>;
    readonly quantities: ReadonlyMap<string, MeasuredQuantity>;
  },
  requests: LoadedRequests,
  engine: EngineProfile,
  seed: number,
): Promise<{ rows: readonly ScoreRow[]; refused: string | null }> {
  const { claims } = await predictConversation(requests, engine, null, recorded.params, seed);
  const bars = claims.map((claim) =>
    claim.within === 0 ? claim : { ...claim, within: REPRODUCED_WITHIN }
  );
  const rows = scoreClaims(bars, recorded.quantities);
  return { rows, refused: notReproduced(rows) };
}
