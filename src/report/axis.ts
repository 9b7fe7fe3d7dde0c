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

/** The largest binary unit in which a value is at least one, with its name. */
function binaryUnit(bytes: number): readonly [divide: number, name: string] {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = Math.floor(Math.log2(Math.max(1, bytes)) / 10);
  const exponent = Math.min(names.length - 1, power);
  return [2 ** (10 * exponent), names[exponent]];
}

/** Units that say nothing beside a title. */
const NO_UNIT = new Set(["unit", "count", "index"]);

/** Units in words where the id does not read well. */
const UNIT_WORDS: Readonly<Record<string, string>> = {
  bytesPerSecond: "bytes/s",
  gramsCo2e: "gCO2e",
  perSecond: "a second",
  usd: "$",
};

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
    case "bytes": {
      // Binary, as tables and sentences say bytes; divided first, so that ticks stand at round numbers.
      const [divide, name] = binaryUnit(largest);
      return { divide, unit: "", labelExpr: `datum.value === 0 ? '0' : ${PLAIN} + ' ${name}'` };
    }
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
    default:
      return whole(1, NO_UNIT.has(unit) ? "" : unit);
  }
}

/**
 * Title of an axis whose values are shown in `shown` (empty where the labels carry it). A title that is no
 * more than the name of a unit gives way to the unit shown: "seconds" on an axis of hours reads "Hours".
 *
 * @param unit Unit of the values before they are divided for the axis.
 */
export function axisTitle(title: unknown, unit: string, shown: string): string | null {
  const text = title === undefined || title === null ? "" : String(title);
  const bare = [unit, shown].some((name) => name.toLowerCase() === text.toLowerCase());
  if (text === "" || bare) return capitalised(shown === "" ? text : shown) || null;
  return capitalised(shown === "" ? text : `${text} (${shown})`);
}

/** Head of a column that holds values as they are, not as an axis divides them. */
export function columnTitle(title: unknown, unit: unknown, key: string): string {
  const plain = unit === undefined || NO_UNIT.has(String(unit));
  const name = plain ? "" : UNIT_WORDS[String(unit)] ?? String(unit);
  return axisTitle(title, String(unit ?? ""), name) ?? key;
}

/** First letter upper case, unless the first word is a name of its own (`lru:`, `zero3`, `gCO2e`). */
export function capitalised(text: string): string {
  return /^[a-z]+(?![a-zA-Z0-9:_./-])/.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
}
