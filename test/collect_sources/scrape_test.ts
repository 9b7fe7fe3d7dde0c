import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { source as scrape } from "../../src/collect/sources/scrape.ts";
import { dcgmReadings } from "../../src/parse/gpu/dcgm.ts";
import { gpuFields } from "../../src/parse/gpu/fields.ts";
import { parsePrometheusText } from "../../src/parse/prometheus/text.ts";
import { collector, sourceContext } from "./collector.ts";

async function serve(page: () => string | null): Promise<{ server: Server; url: string }> {
  const server = createServer((_, answer) => {
    const text = page();
    answer.writeHead(text === null ? 503 : 200, { connection: "close" });
    answer.end(text ?? "down");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics` };
}

test("endpoints keep their own GPUs, and one that goes away takes only its own series", async () => {
  let second: string | null = 'DCGM_FI_DEV_POWER_USAGE{gpu="0"} 200\nqueue_depth 2\n';
  const a = await serve(() => 'DCGM_FI_DEV_POWER_USAGE{gpu="0"} 100\nqueue_depth 1\n');
  const b = await serve(() => second);
  try {
    const opened = await scrape.open({
      ...sourceContext(""),
      live: { scrape: [a.url, b.url], kvEvents: [], scrub: true, filePrefix: "" },
    });
    const { sink, pushed, last } = collector();
    await opened.sample(sink);
    assert.equal(last("0:GPU-0 power_watts")?.value, 100);
    assert.equal(last("1:GPU-0 power_watts")?.value, 200);
    second = null;
    await opened.sample(sink);
    const lost = pushed.filter((p) => p.value === null).map((p) => p.name).sort();
    assert.deepEqual(lost, ["1: queue_depth", "1:GPU-0 power_watts"]);
    assert.match(opened.failure()!, new RegExp(b.url));
    await opened.close();
  } finally {
    a.server.close();
    b.server.close();
  }
});

test("a page that gathers several machines keeps a GPU-0 of each, whichever comes first later", () => {
  const energy = (machine: string, millijoules: number) =>
    `DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",Hostname="${machine}"} ${millijoules}\n`;
  const machines: string[] = [];
  const read = (text: string) =>
    dcgmReadings(parsePrometheusText(text), gpuFields(), machines).readings
      .map((r) => [r.device, r.value]);
  assert.deepEqual(read(energy("a", 1000) + energy("b", 2000)), [["GPU-0", 1], ["1:GPU-0", 2]]);
  assert.deepEqual(read(energy("b", 3000)), [["1:GPU-0", 3]]);
});
