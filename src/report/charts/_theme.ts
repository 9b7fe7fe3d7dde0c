/** Okabe and Ito's palette, safe for colour-blind readers, without its yellow and black. */
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];
/** Second encoding of lines, so that colour is never alone. */
export const DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 4]];
/** Second encoding of points. */
export const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];
/** What stands behind the best one: grey enough for both schemes. */
export const MUTED = "#8a939e";

/** Vega-Lite configuration of every chart: text takes the page's colour, so both schemes work. */
export const CONFIG = {
  background: null,
  font: "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif",
  view: { stroke: null },
  axis: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    domainColor: "#8a929c",
    tickColor: "#8a929c",
    gridColor: "#8a929c",
    gridOpacity: 0.22,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 400,
    titleOpacity: 0.75,
    labelPadding: 5,
    tickSize: 4,
  },
  legend: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    labelFontSize: 12,
    labelLimit: 300,
    symbolStrokeWidth: 2,
    rowPadding: 2,
  },
  header: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    labelFontSize: 12.5,
    labelFontWeight: 600,
    labelAnchor: "start",
  },
  title: { color: "currentColor" },
  text: { color: "currentColor", fontSize: 12 },
};

/**
 * A nominal axis of names down the side. On a narrow screen the names stand above their marks instead
 * ({@link nameLayer}), where they need not be cut.
 */
export function nameAxis(names: readonly string[], narrow: boolean): Record<string, unknown> {
  const axis = narrow ? null : { labelLimit: 360, domain: false, ticks: false };
  return { field: "label", type: "nominal", sort: names, title: null, axis };
}

/** Names above their marks, for narrow screens; a band of {@link NARROW_STEP} has room for both. */
export function nameLayer(y: Record<string, unknown>): Record<string, unknown> {
  return {
    mark: { type: "text", align: "left", baseline: "bottom", dy: -9, limit: 420 },
    encoding: { y, x: { value: 0 }, text: { field: "label" } },
  };
}
export const NARROW_STEP = 44;

/** A number with at most three digits, for sentences. */
export function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
}
