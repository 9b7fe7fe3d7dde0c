import { dataError } from "../../model/errors.ts";
import type { GridSeries } from "../../model/grid_series.ts";
import { buildSeries, type Reading } from "./build_series.ts";
import { chooseZone, type GridChoice } from "./table.ts";
import { unixSeconds } from "./timestamp.ts";

interface Point {
  readonly location?: unknown;
  readonly time?: unknown;
  readonly timestamp?: unknown;
  readonly rating?: unknown;
  readonly value?: unknown;
  readonly duration?: unknown;
}

/** Seconds of `00:05:00`, `1.00:00:00` (a day) or a number of minutes; null where absent. */
function durationSeconds(duration: unknown, where: string): number | null {
  if (duration === undefined || duration === null) return null;
  if (typeof duration === "number" && duration > 0) return duration * 60;
  const m = /^(?:(\d+)\.)?(\d+):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(String(duration));
  if (m === null) {
    throw dataError(
      `${where}.duration: ${JSON.stringify(duration)}, expected minutes or hh:mm:ss`,
    );
  }
  return Number(m[1] ?? 0) * 86_400 + Number(m[2]) * 3600 + Number(m[3]) * 60 + Number(m[4]);
}

function lower(point: object): Point {
  return Object.fromEntries(
    Object.entries(point).map(([k, v]) => [k[0].toLowerCase() + k.slice(1), v]),
  );
}

/**
 * JSON of the Green Software Foundation's carbon-aware SDK: emissions (`[{location, time, rating,
 * duration}]`, also as the CLI prints them with capitals) or forecasts (`[{forecastData: [{location,
 * timestamp, duration, value}]}]`). Ratings are g/kWh; points bring their own duration.
 *
 * @throws data error naming the element.
 */
export function parseCarbonAwareSdk(
  label: string,
  json: unknown,
  choice: GridChoice,
): GridSeries {
  const list = Array.isArray(json) ? json : [json];
  const points: { where: string; point: Point }[] = [];
  list.forEach((item, i) => {
    if (item === null || typeof item !== "object") {
      throw dataError(`${label}[${i}]: ${JSON.stringify(item)?.slice(0, 40)}, expected an object`);
    }
    const entry = lower(item) as Point & { forecastData?: unknown; emissions?: unknown };
    const nested = entry.forecastData ?? entry.emissions;
    if (Array.isArray(nested)) {
      nested.forEach((p, j) =>
        points.push({ where: `${label}[${i}].forecastData[${j}]`, point: lower(p ?? {}) })
      );
    } else points.push({ where: `${label}[${i}]`, point: entry });
  });
  const zoneOf = (p: Point) => typeof p.location === "string" ? p.location : "unnamed";
  const zone = chooseZone(label, points.map(({ point }) => zoneOf(point)), choice.zone);
  const own = points.filter(({ point }) => zoneOf(point) === zone);
  const readings = own.map(({ where, point }, line): Reading => {
    const text = point.time ?? point.timestamp;
    const start = typeof text === "string" ? unixSeconds(text) : null;
    if (start === null) {
      throw dataError(`${where}: time ${JSON.stringify(text)}, expected an ISO 8601 time`);
    }
    const grams = point.rating ?? point.value;
    if (typeof grams !== "number" || !Number.isFinite(grams)) {
      throw dataError(`${where}: rating ${JSON.stringify(grams)}, expected a number of g/kWh`);
    }
    return {
      line,
      startSeconds: start,
      durationSeconds: durationSeconds(point.duration, where),
      gramsPerKwh: grams,
    };
  });
  return buildSeries(
    {
      label,
      zone,
      format: "carbon-aware-sdk",
      signal: choice.signal ?? "marginal",
      scope: choice.scope ?? "unknown",
      readings,
      notes: choice.signal === undefined
        ? ["the file does not name its signal: marginal (WattTime) is assumed"]
        : [],
    },
    (r) => own[r.line].where.slice(label.length),
  );
}
