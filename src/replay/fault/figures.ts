import type { Figure } from "../../model/figure.ts";
import type { Timeline } from "./engine.ts";
import type { Phases } from "./phases.ts";
import { phaseWindows } from "./spans.ts";

/** Windows of a timeline's picture. */
const WINDOWS = 72;

/** Names of the phases as a reader knows them, in the order in which they are stacked. */
export const PHASE_TITLES: Readonly<Record<keyof Phases, string>> = {
  useful: "useful",
  lost: "lost",
  checkpoint: "checkpoint",
  detect: "detect",
  diagnose: "diagnose",
  waitNode: "wait for node",
  restart: "restart",
  load: "load",
  reconfig: "reconfigure",
  stall: "stalled",
  planned: "planned stop",
};

/** Where the wall time went: the share of each phase in equal windows; what is left of each was useful. */
export function timelineFigure(t: Timeline): Figure {
  const unit = t.wallSeconds >= 3 * 86_400 ? 86_400 : 3600;
  const width = t.wallSeconds / WINDOWS;
  const rows = phaseWindows(t.spans, t.wallSeconds, WINDOWS).flatMap((window, i) =>
    Object.keys(PHASE_TITLES).filter((phase) => phase !== "useful").flatMap((phase) => {
      const seconds = window[phase as keyof Phases];
      return seconds === undefined ? [] : [{
        x: i * width / unit,
        x2: (i + 1) * width / unit,
        part: PHASE_TITLES[phase as keyof Phases],
        y: seconds / width,
      }];
    })
  );
  return {
    chart: "stacked",
    title: "Wall time that was not useful",
    rows,
    options: {
      xTitle: unit === 86_400 ? "wall time, days" : "wall time, hours",
      yTitle: "share of the wall time",
      format: ".1~%",
      order: Object.values(PHASE_TITLES).join("|"),
    },
  };
}
