import type { Coefficient, FactorSet } from "../factors/coefficient.ts";
import type { Priced } from "../placement/media.ts";
import type { Known, StageCost } from "./stage_cost.ts";

/** Coefficients of several places in one set; what differs between them stands under the place's name. */
export interface JoinedSites {
  readonly factors: FactorSet;
  /** A cost whose coefficients are those of its place. */
  atSite(cost: StageCost, site: string): StageCost;
}

function same(a: Coefficient, b: Coefficient): boolean {
  return a.value === b.value && a.low === b.low && a.high === b.high && a.source === b.source;
}

/**
 * Joins the coefficients of the sites of a plan. Hardware figures that all sites share stay one variable,
 * so that they are tied between all stages; a grid, a PUE or a life that differs is one variable a site.
 */
export function joinSites(sites: ReadonlyMap<string, FactorSet>): JoinedSites {
  const sets = [...sites.values()];
  const ids = new Set(sets.flatMap((s) => [...s.keys()]));
  const apart = new Set(
    [...ids].filter((id) => {
      const first = sets[0].get(id);
      return sets.some((s) => {
        const other = s.get(id);
        return first === undefined || other === undefined ? first !== other : !same(first, other);
      });
    }),
  );
  const local = (id: string, site: string) => apart.has(id) ? `${id}@${site}` : id;
  const factors = new Map<string, Coefficient>();
  for (const [site, set] of sites) {
    for (const [id, c] of set) {
      const key = local(id, site);
      factors.set(key, key === id ? c : { ...c, id: key });
    }
  }
  const rename = (priced: Priced, site: string): Priced => ({
    ids: priced.ids.map((id) => local(id, site)),
    value: (get) => priced.value((id) => get(local(id, site))),
  });
  const known = (k: Known, site: string): Known =>
    "reason" in k ? k : { priced: rename(k.priced, site) };
  return {
    factors,
    atSite: (cost, site) => ({
      joules: known(cost.joules, site),
      operational: known(cost.operational, site),
      embodied: known(cost.embodied, site),
      grams: known(cost.grams, site),
      usd: known(cost.usd, site),
      storedGrams: known(cost.storedGrams, site),
      wear: known(cost.wear, site),
      ssdWrittenBytes: cost.ssdWrittenBytes,
    }),
  };
}
