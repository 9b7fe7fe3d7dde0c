/** Options of the commands that can look at a part of a run. */
export interface WindowOptions {
  /** `10m..110m`; either side may be left out. */
  readonly window?: string;
  /** `mark1,mark2`. */
  readonly between?: string;
}

export const WINDOW_HELP = "Only this part of the run: 10m..110m, 30s.., ..1h.";
export const BETWEEN_HELP = "Only the part between two marks: warm,done.";
