import type { Interval } from "../../estimate/interval.ts";
import { formatDecimalBytes, formatNumber, formatSeconds } from "../../model/units.ts";
import type { Output } from "../output.ts";
import type { TiersDocument } from "../schemas/tiers_schema.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

function short(value: number): string {
  return formatNumber(Number(value.toPrecision(3)));
}

function spread(i: Interval | null): string {
  if (i === null) return "unknown";
  return i.low === i.high ? short(i.mid) : `${short(i.mid)} (${short(i.low)}..${short(i.high)})`;
}

function plain(i: Interval | null): string {
  return i === null ? "-" : short(i.mid);
}

/** The media as two tables (carbon, dollars), then the break-even of the prefix. */
export function renderTiers(document: TiersDocument, out: Output): string {
  const right = "right" as const;
  const carbon = renderTable(
    [
      { title: "medium", flexible: true },
      { title: "g/GB-month", align: right },
      { title: "of it embodied", align: right },
      { title: "g/GB written", align: right },
    ],
    document.media.map((m) => [
      m.title,
      spread(m.gramsPerGbMonth),
      plain(m.embodiedGramsPerGbMonth),
      plain(m.gramsPerGbWritten),
    ]),
    out.width,
    out.style.bold,
  );
  const money = renderTable(
    [
      { title: "medium", flexible: true },
      { title: "$/GB-month", align: right },
      { title: "/GB put", align: right },
      { title: "/GB get", align: right },
      { title: "/1k put", align: right },
      { title: "/1k get", align: right },
    ],
    document.media.map((m) => [
      m.title,
      m.usdPerGbMonth === null ? "unknown" : short(m.usdPerGbMonth.mid),
      plain(m.usdPerGbWritten),
      plain(m.usdPerGbRead),
      plain(m.usdPerThousandWrites),
      plain(m.usdPerThousandReads),
    ]),
    out.width,
    out.style.bold,
  );
  return `${out.style.bold(`Media at site ${document.site}`)}\n\n${carbon}\n${money}` +
    prefixText(document, out) +
    document.warnings.map((w) => `${wrapText(`warning: ${w}`, out.width).join("\n")}\n`).join("");
}

function prefixText(document: TiersDocument, out: Output): string {
  const { prefix } = document;
  if (prefix === null) return "\n";
  const table = renderTable(
    [
      { title: "stored on" },
      { title: "view" },
      { title: "saved g/hit", align: "right" },
      { title: "pays from hits/month", align: "right", flexible: true },
    ],
    prefix.breakEven.map((b) => [
      b.medium,
      b.view,
      short(b.savedGramsPerHit.mid),
      b.hitsPerMonth === null ? "never" : spread(b.hitsPerMonth),
    ]),
    out.width,
    out.style.bold,
  );
  const smaller = prefix.hiddenOverKv < 1
    ? `hidden states would be ${short(prefix.hiddenOverKv)} of the KV bytes`
    : `hidden states would be ${short(prefix.hiddenOverKv)} times the KV bytes`;
  const head = `A prefix of ${formatNumber(prefix.tokens)} tokens of ${prefix.llm} is ` +
    `${formatDecimalBytes(prefix.bytes)}; ${prefix.hardware} computes it in ` +
    `${formatSeconds(prefix.recomputeSeconds)}; ${smaller}.`;
  const verdicts = prefix.breakEven.map((b) =>
    `- ${b.sentence} (${b.view} view)` +
    (b.crossoverGramsPerKwh === null
      ? ""
      : `; it turns at ${short(b.crossoverGramsPerKwh)} gCO2e/kWh`)
  );
  return `\n${wrapText(head, out.width).join("\n")}\n\n${table}\n` +
    verdicts.flatMap((v) => wrapText(v, out.width)).join("\n") + "\n\n";
}
