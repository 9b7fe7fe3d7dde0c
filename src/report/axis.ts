/** How an axis shows values of a unit: what to divide them by, its title, and its labels. */
export interface AxisScale {
  readonly divide: number;
  /** Name of the unit after dividing; empty where the labels carry it. */
  readonly unit: string;
  /** A Vega expression over `datum.value`. */
  readonly labelExpr: string;
}

/** Labels with SI prefixes and a unit's symbol; zero stands alone. */
function si(symbol: string): string {
  return `datum.value === 0 ? '0' : replace(format(datum.value, '.3~s'), /([a-zA-Zµ]?)$/, ' $1${symbol}')`;
}

const PLAIN = "format(datum.value, abs(datum.value) < 1 && datum.value !== 0 ? '.2~g' : ',.6~f')";

/**
 * The axis of a unit, chosen for its largest value: hours rather than kiloseconds, percent rather than
 * ratios. Unknown units keep their own name.
 */
export function axisFor(unit: string, largest: number): AxisScale {
  const whole = (divide: number, name: string): AxisScale => ({
    divide,
    unit: name,
    labelExpr: PLAIN,
  });
  switch (unit) {
    case "seconds":
      if (largest >= 4 * 86_400) return whole(86_400, "days");
      if (largest >= 4 * 3600) return whole(3600, "hours");
      if (largest >= 600) return whole(60, "minutes");
      return largest < 1
        ? { divide: 1, unit: "", labelExpr: si("s") }
        : { divide: 1, unit: "seconds", labelExpr: PLAIN };
    case "bytes":
      return { divide: 1, unit: "", labelExpr: si("B") };
    case "bytesPerSecond":
      return { divide: 1, unit: "", labelExpr: si("B/s") };
    case "ratio":
      return {
        divide: 1,
        unit: "",
        labelExpr: `format(datum.value, '${largest < 0.05 ? ".2~%" : ".3~%"}')`,
      };
    case "joules":
      return { divide: 1, unit: "", labelExpr: si("J") };
    case "watts":
      return { divide: 1, unit: "", labelExpr: si("W") };
    case "gramsCo2e":
      return largest >= 1e6
        ? whole(1e6, "tCO2e")
        : largest >= 1e3
        ? whole(1e3, "kgCO2e")
        : whole(1, "gCO2e");
    case "usd":
      return { divide: 1, unit: "", labelExpr: "'$' + format(datum.value, ',.3~f')" };
    case "perSecond":
      return whole(1, "a second");
    case "unit":
    case "count":
    case "index":
      return whole(1, "");
    default:
      return whole(1, unit);
  }
}
