import type { ReplayDocument } from "../../model/results.ts";
import { formatDecimalBytes, formatNumber, formatRate, formatSeconds } from "../../model/units.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { wrapText } from "../wrap.ts";

/** What is printed of `detail.breakEven`; every result of one model and machine has the same. */
interface Table {
  readonly model: string;
  readonly attention: string;
  readonly tokens: number;
  readonly hostBytesPerSecond: number;
  readonly driveReadBytesPerSecond: number;
  readonly kvBytesPerToken: number;
  readonly kvCopies: number;
  readonly hiddenBytesPerToken: number;
  readonly hiddenOverKv: number;
  readonly recomputeFlopsPerToken: number;
  readonly projectionFlopsPerToken: number;
  readonly kvBeatsRecomputeBytesPerSecond: number;
  readonly hiddenBeatsRecomputeBytesPerSecond: number | null;
  readonly hiddenBeatsKvBelowBytesPerSecond: number | null;
  readonly split: {
    complement: string;
    hiddenLayers: number;
    otherLayers: number;
    seconds: number;
  };
  readonly kvSeconds: number;
  readonly hiddenSeconds: number;
  readonly recomputeSeconds: number;
  readonly shortestPrefixFromHostTokens: number | null;
  readonly shortestPrefixFromDriveTokens: number | null;
  readonly gpuCacheTokens: number;
}

/** The table of the best result that loads from tiers: the others do not know the host link that was set. */
function tableOf({ results, ranking }: ReplayDocument): Table | null {
  const ranked = ranking.order.map(({ result }) => results[result]);
  const loading = ranked.filter(({ params }) => "hostBandwidth" in params);
  for (const { detail } of [...loading, ...results]) {
    const table = detail?.breakEven;
    if (table !== undefined && table !== null) return table as unknown as Table;
  }
  return null;
}

function flops(value: number): string {
  const units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"];
  let at = 0;
  let scaled = value;
  while (scaled >= 1000 && at < units.length - 1) {
    scaled /= 1000;
    at++;
  }
  return `${Number(scaled.toPrecision(4))} ${units[at]}`;
}

const prefix = (tokens: number | null): string =>
  tokens === null ? "no length" : `${formatNumber(tokens)} token${tokens === 1 ? "" : "s"}`;

/** Bytes, FLOPs and bandwidth thresholds of the model on the machine: what decides before any replay. */
export function breakEvenLines(document: ReplayDocument, out: Output): string[] {
  const table = tableOf(document);
  if (table === null) return [];
  const other = table.split.complement === "kv" ? "KV" : "recomputed";
  const ratio = Number(table.hiddenOverKv.toPrecision(3)).toString();
  const shown = table.hiddenOverKv >= 1 && !ratio.includes(".") ? `${ratio}.0` : ratio;
  const rows: [string, string][] = [
    [
      "bytes a token",
      `KV ${formatDecimalBytes(table.kvBytesPerToken)}, hidden states ` +
      `${formatDecimalBytes(table.hiddenBytesPerToken)} (${shown}x)` +
      (table.kvCopies > 1
        ? `; the ranks keep and load ${formatNumber(table.kvCopies)} copies of the KV`
        : ""),
    ],
    [
      "FLOPs a token",
      `recompute ${flops(table.recomputeFlopsPerToken)}, KV from hidden states ` +
      `${flops(table.projectionFlopsPerToken)}`,
    ],
    [
      `${formatNumber(table.tokens)} tokens take`,
      `recompute ${formatSeconds(table.recomputeSeconds)}, KV ${formatSeconds(table.kvSeconds)}, ` +
      `hidden states ${formatSeconds(table.hiddenSeconds)}, best split ` +
      `${formatSeconds(table.split.seconds)} (${table.split.hiddenLayers} hidden + ` +
      `${table.split.otherLayers} ${other})`,
    ],
    ["KV beats recompute", `above ${formatRate(table.kvBeatsRecomputeBytesPerSecond)}`],
    [
      "hidden beat recompute",
      table.hiddenBeatsRecomputeBytesPerSecond === null
        ? "never: projecting costs more than recomputing"
        : `above ${formatRate(table.hiddenBeatsRecomputeBytesPerSecond)}`,
    ],
    [
      "hidden beat KV",
      table.hiddenBeatsKvBelowBytesPerSecond === null
        ? "never: they are not smaller (D >= 2*n_kv*d_h)"
        : `below ${formatRate(table.hiddenBeatsKvBelowBytesPerSecond)}`,
    ],
    [
      "here",
      `host link ${formatRate(table.hostBytesPerSecond)}, drives ` +
      `${
        table.driveReadBytesPerSecond > 0 ? formatRate(table.driveReadBytesPerSecond) : "none"
      }; GPU memory caches ${formatNumber(table.gpuCacheTokens)} tokens`,
    ],
    [
      "shortest prefix",
      `from host ${prefix(table.shortestPrefixFromHostTokens)}, from drives ` +
      prefix(table.shortestPrefixFromDriveTokens),
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const head = `Break-even of ${safeText(table.model)} (${table.attention}) on this machine:`;
  return [
    out.style.bold(head),
    ...rows.flatMap(([name, text]) => {
      const lines = wrapText(text, Math.max(30, out.width - width - 2));
      return lines.map((line, i) => `  ${(i === 0 ? name : "").padEnd(width)}${line}`);
    }),
  ];
}
