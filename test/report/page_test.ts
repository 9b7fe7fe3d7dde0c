import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { downsampleMinMax, ratesOf } from "../../src/report/downsample.ts";
import { escapeHtml, markup } from "../../src/report/html.ts";
import { buildPage } from "../../src/report/page.ts";
import { counterCharts } from "../../src/report/sections/run_counters.ts";
import { browserCode } from "../../src/runtime/browser_code.ts";
import { CHARTS } from "../../src/registry/charts.ts";
import { hostileInput, plainInput, runRecord } from "./documents.ts";

const charts = new Map(
  await Promise.all(CHARTS.map(async (c) => [c.name, await c.load()] as const)),
);
const page = await buildPage({ ...plainInput(), browser: browserCode() }, charts);

test("a page that can be explored holds the same text for the same input, and no eval", async () => {
  const again = await buildPage({ ...plainInput(), browser: browserCode() }, charts);
  assert.equal(again, page);
  const still = await buildPage(plainInput(), charts);
  assert.ok(!still.includes('id="interactive"'), "without the runtime charts are pictures");
  const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)![1];
  assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline|https?:/);
});

test("the page asks the network for nothing", () => {
  const addresses = page.match(/https?:\/\/[^\s"'<>)]+/g) ?? [];
  const foreign = addresses.filter((a) => !a.startsWith("http://www.w3.org/"));
  assert.deepEqual(foreign, []);
  assert.match(page, /default-src &#39;none&#39;/);
  assert.ok(!/<(link|img|iframe|object)\b/.test(page));
});

test("every chart is an SVG with a role and a sentence, and has its data below it", () => {
  const picture = /<svg class="(\w+)" role="img" aria-label="[^"]{10,}"/g;
  const figures = page.match(/<figure [^]*?<\/figure>/g) ?? [];
  assert.ok(figures.length >= 3);
  for (const figure of figures) {
    // One picture for all screens, or one for wide and one for narrow ones.
    const kinds = [...figure.matchAll(picture)].map((m) => m[1]).join();
    assert.ok(kinds === "both" || kinds === "wide,narrow", kinds);
  }
  assert.equal((page.match(/Data of this chart/g) ?? []).length, figures.length);
});

test("a recording says what its time was bound by, on the first screen too", () => {
  assert.match(page, /Where the time went/);
  assert.match(page, /waiting for reads<\/span>.*?1 s.*?33\.3 %/s);
  const lead = /<div class="lead">.*?class="next"/s.exec(page)![0];
  assert.match(lead, /storage was the limit for 1 s of demo/);
});

test("unknown values say why instead of showing a number", () => {
  assert.match(page, /no GPU here/);
  assert.match(page, /1 total that is unknown here/);
});

test("names that try to be markup stay text", async () => {
  const hostile = await buildPage(hostileInput(), charts);
  assert.ok(!hostile.includes("<script>alert"));
  assert.ok(!hostile.includes("<img src=x"));
  assert.ok(hostile.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
  assert.ok(!hostile.includes("\x1b"));
});

test("html escapes every value but its own markup", () => {
  assert.equal(
    markup`<p title="${'"'}">${"<b>"}${markup`<i>${1}</i>`}${[markup`x`, null]}</p>`.markup,
    '<p title="&quot;">&lt;b&gt;<i>1</i>x</p>',
  );
  fc.assert(fc.property(fc.string(), (text) => {
    assert.ok(!/[<>"']/.test(escapeHtml(text)));
  }));
});

test("down-sampling keeps the extremes, the order and the size", () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
    minLength: 1,
    maxLength: 900,
  });
  fc.assert(fc.property(values, fc.integer({ min: 4, max: 100 }), (ys, points) => {
    const xs = ys.map((_, i) => i);
    const thin = downsampleMinMax(xs, ys, points);
    assert.ok(thin.x.length <= Math.max(points, 2));
    assert.equal(Math.max(...thin.y.map(Number)), Math.max(...ys));
    assert.equal(Math.min(...thin.y.map(Number)), Math.min(...ys));
    assert.ok(thin.x.every((x, i) => i === 0 || x > thin.x[i - 1]));
  }));
});

test("a counter that went back gives a gap, never a negative rate", () => {
  const { seconds, rate } = ratesOf([0, 1e9, 2e9, 3e9], [0, 10, 4, 8]);
  assert.deepEqual(seconds, [1, 2, 3]);
  assert.deepEqual(rate, [10, null, 4]);
});

test("a last reading soon after a tick makes no peak, and what it counted is not lost", () => {
  const { seconds, rate } = ratesOf([0, 1e9, 2e9, 2.25e9], [0, 10, 20, 45]);
  assert.deepEqual(seconds, [1, 2.25]);
  assert.deepEqual(rate, [10, 28]);
  assert.deepEqual(ratesOf([0, 1e9, 1.25e9], [0, 10, 15]).rate, [12]);
  assert.deepEqual(ratesOf([0, 1e9, 1.25e9], [0, 10, 5]).rate, [null]);
});

test("charts draw shares of time up to 1; processor time may be more", async () => {
  const line = (source: string, device: string, field: string, grown: readonly number[]) => ({
    series: { source, device, field, unit: "seconds", type: "counter" as const },
    timeNs: Float64Array.from(grown, (_, i) => i * 1e8),
    value: Float64Array.from(grown),
  });
  const drawn = new Map<string, (number | null)[]>();
  const item = {
    kind: "run" as const,
    id: "r1",
    record: runRecord("a"),
    lines: [
      line("block", "nvme0n1", "busy_seconds", [5, 5.121, 5.141]),
      line("pressure", "cpu", "some_stall_seconds", [0, 0.137, 0.137]),
      line("cpu", "", "user_seconds", [0, 0.8, 0.9]),
    ],
  };
  await counterCharts(item, (_, input) => {
    const rows = input.rows as { y?: number | null }[];
    drawn.set(input.title, rows.map((r) => r.y === undefined ? null : Number(r.y?.toFixed(6))));
    return Promise.resolve(markup``);
  });
  assert.deepEqual(drawn.get("Disk busy"), [1, 0.2]);
  assert.deepEqual(drawn.get("Tasks stalled (pressure)"), [1, 0]);
  assert.deepEqual(drawn.get("Processor time"), [8, 1]);
});

test("what a scraped engine changed is drawn: gauges first, no buckets, no constants", async () => {
  const line = (field: string, type: "counter" | "gauge", values: readonly number[]) => ({
    series: {
      source: "scrape",
      device: "",
      field,
      unit: type === "gauge" ? "ratio" : "bytes",
      type,
    },
    timeNs: Float64Array.from(values, (_, i) => i * 1e9),
    value: Float64Array.from(values),
  });
  const titles: string[] = [];
  const units: unknown[] = [];
  const item = {
    kind: "run" as const,
    id: "r1",
    record: runRecord("a"),
    lines: [
      line("vllm:prompt_bytes_total", "counter", [0, 100, 150]),
      line("vllm:ttft_seconds_bucket", "counter", [0, 1, 2]),
      line("python_gc_objects", "gauge", [1, 2, 3]),
      line("vllm:cache_config_blocks", "gauge", [7, NaN, 7]),
      line("vllm:kv_cache_usage_ratio", "gauge", [NaN, 0.5, 0.75]),
      ...Array.from({ length: 11 }, (_, i) => line(`other_${i}`, "gauge", [i, i + 1])),
    ],
  };
  const figures = await counterCharts(item, (_, input) => {
    titles.push(input.title);
    units.push(input.options.yUnit);
    return Promise.resolve(markup``);
  });
  assert.equal(titles.length, 12);
  assert.deepEqual([titles[0], units[0]], ["scrape: vllm:kv_cache_usage_ratio", "ratio"]);
  assert.ok(titles.every((title) => !/bucket|python|config/.test(title)));
  assert.match(figures.at(-1)!.markup, /1 more field of these sources changed/);
  titles.length = units.length = 0;
  await counterCharts({ ...item, lines: item.lines.slice(0, 1) }, (_, input) => {
    titles.push(input.title);
    units.push(input.options.yUnit);
    assert.deepEqual(input.rows.filter((r) => r.y !== undefined).map((r) => r.y), [100, 50]);
    return Promise.resolve(markup``);
  });
  assert.deepEqual([titles, units], [["scrape: vllm:prompt_bytes_total"], ["bytesPerSecond"]]);
});

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The program that runs the browser: Deno or Bun, whichever runs this test. */
function browserCommand(): string[] {
  const script = join(ROOT, "test/report/browser_page.ts");
  return process.versions.bun === undefined
    ? [process.execPath, "run", "-A", "--quiet", script]
    : [process.execPath, script];
}

test(
  "in Chromium the page logs nothing, asks for nothing, fits a phone and passes the accessibility audit",
  {
    skip: existsSync(CHROMIUM) ? false : `${CHROMIUM} is not installed`,
    timeout: 120_000,
  },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-report-"));
    try {
      const file = join(folder, "report.html");
      writeFileSync(file, page);
      const [program, ...args] = browserCommand();
      const axe = join(ROOT, "node_modules/axe-core/axe.min.js");
      const done = spawnSync(program, [...args, file, join(folder, "shot"), axe], {
        encoding: "utf8",
      });
      assert.equal(done.status, 0, done.stderr);
      const seen = JSON.parse(done.stdout);
      assert.deepEqual(seen.messages, []);
      assert.deepEqual(seen.requests, []);
      assert.deepEqual(seen.violations, []);
      assert.equal(seen.overflow, 0, "the page is wider than a phone");
      assert.ok(seen.svgs >= 3, "charts are there without JavaScript");
      const { before, after, tools } = seen.explored;
      assert.ok(before.length >= 2, "the charts of a recording become interactive together");
      assert.equal(tools, before.length);
      before.forEach((ticks: string[], i: number) => assert.notDeepEqual(after[i], ticks));
      for (const shot of ["light", "dark", "phone", "print"]) {
        assert.ok(statSync(join(folder, `shot-${shot}.png`)).size > 10_000, shot);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test("a line of a single point is drawn as a mark, a long line is not", () => {
  const lines = charts.get("lines")!;
  const pointOf = (ys: number[]) => {
    const rows = ys.map((y, x) => ({ x, y, series: "a" }));
    const { spec } = lines.build({ title: "t", rows, options: { xTitle: "x", yTitle: "y" } });
    return (spec.layer as { mark: { point: unknown } }[])[0].mark.point;
  };
  assert.notEqual(pointOf([1]), false);
  assert.equal(pointOf([1, 2, 3]), false);
});
