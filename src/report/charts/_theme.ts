/** Okabe and Ito's palette, safe for colour-blind readers, without its yellow and black. */
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];
/** Second encoding of lines, so that colour is never alone. */
export const DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 4]];

/** Vega-Lite configuration of every chart: text takes the page's colour, so both schemes work. */
export const CONFIG = {
  background: null,
  font: "system-ui, 'DejaVu Sans', sans-serif",
  view: { stroke: null },
  axis: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    domainColor: "#8a929c",
    tickColor: "#8a929c",
    gridColor: "#8a929c",
    gridOpacity: 0.25,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 500,
  },
  legend: {
    labelColor: "currentColor",
    titleColor: "currentColor",
    labelFontSize: 12,
    labelLimit: 260,
  },
  title: { color: "currentColor" },
  text: { color: "currentColor" },
};
