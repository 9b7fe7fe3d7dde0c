import type { MetricDefinition } from "../metric.ts";
import { metricDefiner } from "./definer.ts";

const define = metricDefiner(
  "conversation",
  "this tool; a single-slot engine such as llama.cpp's state files",
);

/** Metrics of the conversation family; times to first token and bytes of tiers are those of serving. */
export const CONVERSATION_METRICS: readonly MetricDefinition[] = [
  define(
    "resident_turns",
    "count",
    "turns in place",
    "higher",
    "turns whose conversation still was in the engine's slot",
  ),
  define(
    "restored_turns",
    "count",
    "turns restored",
    "none",
    "turns whose saved state was loaded from the drive",
  ),
  define(
    "recomputed_turns",
    "count",
    "turns recomputed",
    "lower",
    "turns with a history whose whole prompt was evaluated again",
  ),
  define(
    "restore_seconds",
    "seconds",
    "restore time",
    "lower",
    "sum over turns of the time to load saved states",
  ),
  define("save_seconds", "seconds", "save time", "lower", "sum over turns of saving and fsync"),
  define(
    "evaluated_tokens",
    "tokens",
    "tokens evaluated",
    "lower",
    "sum over turns of the prompt tokens that were evaluated, not taken from a state",
  ),
];
