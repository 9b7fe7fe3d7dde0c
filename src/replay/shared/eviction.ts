/** The contract stands in the model, because a replay's context carries the registered evictions. */
export {
  COUNT_PACK,
  type Eviction,
  type EvictionSetup,
  type EvictionState,
  type FutureUses,
  type RequestHint,
} from "../../model/eviction.ts";
