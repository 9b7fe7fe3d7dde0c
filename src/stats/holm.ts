/**
 * Holm's step-down adjustment of p values (Holm 1979): the chance of any false alarm among all of them stays
 * below alpha when an adjusted value below alpha is taken as a finding. In the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let running = 0;
  order.forEach((index, place) => {
    running = Math.max(running, Math.min(1, pValues[index] * (pValues.length - place)));
    adjusted[index] = running;
  });
  return adjusted;
}
