import { tieredUsd } from "./formulas/cost.ts";
import { BYTES_PER_GB } from "./formulas/units.ts";
import type { Priced } from "./placement/media.ts";

/** Upper ends of the internet egress steps a month, in GB, with the price of each (E14). */
const EGRESS_STEPS = [
  [10_240, "egress.usd_per_gb_first_10_tb"],
  [51_200, "egress.usd_per_gb_next_40_tb"],
  [153_600, "egress.usd_per_gb_next_100_tb"],
  [Infinity, "egress.usd_per_gb_over_150_tb"],
] as const;

/** Dollars of bytes that leave a cloud for the internet in a month (E14): each step prices what falls into it. */
export function egressUsd(bytesPerMonth: number): Priced {
  const from = (at: number) => at === 0 ? 0 : EGRESS_STEPS[at - 1][0];
  const reached = EGRESS_STEPS.filter((_, i) => bytesPerMonth / BYTES_PER_GB > from(i));
  return {
    ids: reached.map(([, id]) => id),
    value: (get) =>
      tieredUsd(
        bytesPerMonth / BYTES_PER_GB,
        reached.map(([upTo, id]) => ({ upTo, usdPerUnit: get(id) })),
      ),
  };
}
