import { messageOf } from "../../model/errors.ts";
import { pageReadings } from "../../parse/prometheus/page_readings.ts";
import { parsePrometheusText } from "../../parse/prometheus/text.ts";
import { enginePage } from "../../parse/engine/page.ts";
import { fetchText } from "../../runtime/http.ts";
import { createSeriesBook } from "../gpu/series_book.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** Exporters measure no faster than once a second, and a page costs them work. */
const SLOW_NS = 1e9;
const LIMIT = { timeoutMs: 2000, maxBytes: 16 * 2 ** 20 } as const;

async function probe(context: SourceContext): Promise<SourceProbe> {
  const urls = context.live?.scrape ?? [];
  if (urls.length === 0) {
    return {
      status: "absent",
      reason: "no endpoint was named",
      remedy:
        "record --scrape http://HOST:8000/metrics (vLLM, SGLang, LMCache, DCGM, node_exporter)",
      devices: [],
    };
  }
  const problems: string[] = [];
  const facts: Record<string, ReturnType<typeof enginePage>> = {};
  for (const url of urls) {
    try {
      const page = parsePrometheusText(await fetchText(url, LIMIT));
      if (page.samples.length === 0) problems.push(`${url}: a page without a sample`);
      facts[url] = enginePage(page);
    } catch (error) {
      problems.push(`${url}: ${messageOf(error)}`);
    }
  }
  return {
    // An endpoint that is not up yet may come while the command runs.
    status: problems.length === 0 ? "ok" : "partial",
    reason: problems.length === 0 ? null : problems.join("; "),
    remedy: problems.length === 0
      ? null
      : "check the URL with curl; it is tried again every second",
    devices: urls,
    facts: Object.fromEntries(Object.entries(facts).filter(([, engine]) => engine !== null)),
  };
}

function open(context: SourceContext): OpenSource {
  const urls = context.live?.scrape ?? [];
  // A book an endpoint, so that one that goes away takes none of the others' series with it.
  const books = urls.map(() => ({
    dcgm: createSeriesBook("dcgm"),
    scrape: createSeriesBook("scrape"),
  }));
  const machines = urls.map((): string[] => []);
  const up = urls.map(() => true);
  const closing = new AbortController();
  let failure: string | null = null;
  return {
    async sample(sink: SampleSink) {
      const pages = await Promise.all(urls.map(async (url, i) => {
        try {
          const text = await fetchText(url, { ...LIMIT, signal: closing.signal });
          return pageReadings(parsePrometheusText(text), machines[i]);
        } catch (error) {
          return messageOf(error);
        }
      }));
      pages.forEach((page, i) => {
        // Series of several endpoints are told apart by the endpoint's number.
        const prefix = urls.length === 1 ? "" : `${i}:`;
        if (typeof page === "string") {
          if (!closing.signal.aborted) failure ??= `${urls[i]}: ${page}`;
          if (up[i]) { for (const book of Object.values(books[i])) book.lose(sink, page); }
          up[i] = false;
          return;
        }
        up[i] = true;
        for (const one of page.dcgm) {
          books[i].dcgm.push(sink, { ...one, device: `${prefix}${one.device}` });
        }
        for (const one of page.rest) {
          books[i].scrape.push(sink, { ...one, device: `${prefix}${one.device}` });
        }
      });
    },
    failure: () => failure,
    close: () => Promise.resolve(closing.abort()),
  };
}

export const source: Source = {
  name: "scrape",
  summary: "Prometheus pages of engines and exporters (vLLM, SGLang, LMCache, DCGM), once a second",
  minIntervalNs: SLOW_NS,
  probe,
  open: (context) => Promise.resolve(open(context)),
};
