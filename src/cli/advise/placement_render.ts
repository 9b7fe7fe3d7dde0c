import type { Interval } from "../../estimate/interval.ts";
import { formatDecimalBytes, formatGrams, formatSeconds, formatUsd } from "../../model/units.ts";
import type { Output } from "../output.ts";
import type { PlacementDocument } from "../schemas/placement_schema.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

type PlacedClass = PlacementDocument["classes"][number];

function money(i: Interval | null): string {
  return i === null ? "unknown" : `${formatUsd(i.mid)} (${formatUsd(i.low)}..${formatUsd(i.high)})`;
}

function grams(i: Interval | null): string {
  return i === null
    ? "unknown"
    : `${formatGrams(i.mid)} (${formatGrams(i.low)}..${formatGrams(i.high)})`;
}

function saverLine(s: PlacedClass["savers"][number]): string {
  const name = `- ${s.name}${s.lossy ? " (lossy)" : ""}: `;
  const price = s.price === null ? "" : `; ${s.price}`;
  if ((s.savedUsdPerMonth ?? 0) <= 0 && (s.savedGramsPerMonth ?? 0) <= 0) {
    return `${name}saves nothing here: the rate, not the bytes, decides what is bought${price}`;
  }
  const usd = s.savedUsdPerMonth === null ? "unknown $" : formatUsd(s.savedUsdPerMonth);
  const carbon = s.savedGramsPerMonth === null
    ? "unknown carbon"
    : formatGrams(s.savedGramsPerMonth);
  const life = grams(s.savedGramsInterval);
  return `${name}saves ${usd}, ${carbon} a month; ${life} over the hardware's life (${s.source})${price}`;
}

function renderClass(c: PlacedClass, out: Output): string {
  const table = renderTable(
    [
      { title: "medium", flexible: true },
      { title: "first byte", align: "right" },
      { title: "fast?" },
      { title: "$ a month", align: "right" },
      { title: "carbon a month", align: "right" },
    ],
    c.options.map((o) => [
      o.title,
      formatSeconds(o.latencySeconds),
      o.meetsLatency ? "yes" : "no",
      o.usdPerMonth === null ? "unknown" : formatUsd(o.usdPerMonth.mid),
      o.gramsPerMonth === null ? "unknown" : formatGrams(o.gramsPerMonth.mid),
    ]),
    out.width,
  );
  const verdict = c.chosen === null
    ? `no placement: ${c.reason}`
    : `${
      c.chosen.map((p) =>
        c.chosen!.length === 1
          ? `put it on ${p.medium}`
          : `${p.segment} (${formatDecimalBytes(p.bytes)}) on ${p.medium}`
      ).join(", ")
    }: ${money(c.usdPerMonth)} and ${grams(c.gramsPerMonth)} a month; ${c.reason}`;
  const savers = c.savers.map(saverLine);
  return `${out.style.bold(c.name)}\n${table}\n${wrapText(verdict, out.width).join("\n")}\n` +
    (savers.length === 0
      ? ""
      : `\nstore less:\n${savers.flatMap((s) => wrapText(s, out.width)).join("\n")}\n`);
}

/** Each class of data with its media, its verdict and what storing less saves. */
export function renderPlacement(document: PlacementDocument, out: Output): string {
  return document.classes.map((c) => renderClass(c, out)).join("\n") +
    document.warnings.map((w) => `${wrapText(`warning: ${w}`, out.width).join("\n")}\n`).join("");
}
