import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { source as kvEvents } from "../../src/collect/sources/kv_events.ts";
import { endpointOf } from "../../src/collect/kv_events/subscriber.ts";
import { importTrace } from "../../src/ingest/import_trace.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { decodeKvBatch } from "../../src/parse/kv_events.ts";
import { createZmtpReader, zmtpMessage } from "../../src/parse/zmtp.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { collector, sourceContext } from "./collector.ts";
import { startPublisher, until } from "./zmq_publisher.ts";

const HASH = (n: number) => new Uint8Array([0xab, 0xcd, 0, n]);

/** The structs of vLLM as maps (now) and as arrays (engines of 2025). */
const stored = (hashes: unknown[], parent: unknown, tokens: number[], size = 16) => ({
  type: "BlockStored",
  block_hashes: hashes,
  parent_block_hash: parent,
  token_ids: tokens,
  block_size: size,
  lora_id: null,
  medium: "GPU",
  lora_name: null,
});

async function recording(
  endpoints: readonly string[],
  scrub: boolean,
  body: (
    sample: () => ReturnType<typeof collector>,
    opened: Awaited<ReturnType<typeof kvEvents.open>>,
    log: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-kv-"));
  const context = {
    ...sourceContext(""),
    live: { scrape: [], kvEvents: endpoints, scrub, filePrefix: join(folder, "run") },
  };
  assert.equal((await kvEvents.probe(context)).status, "ok");
  const opened = await kvEvents.open(context);
  const seen = collector();
  const sample = () => {
    opened.sample(seen.sink);
    return seen;
  };
  try {
    await body(sample, opened, join(folder, "run.kv-events.jsonl"));
  } finally {
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("events of a real ZeroMQ stream are counted, scrubbed and kept; a gap makes the source partial", async () => {
  const publisher = await startPublisher();
  try {
    await recording([publisher.endpoint], true, async (sample, opened, log) => {
      await until(() => publisher.subscribers() === 1, "the subscription");
      const tokens = Array.from({ length: 32 }, (_, i) => 7_000_000 + i);
      publisher.publish(0, {
        ts: 100.5,
        events: [stored([HASH(1), HASH(2)], null, tokens)],
        data_parallel_rank: 0,
      });
      publisher.publish(1, [
        101,
        [["BlockStored", [123n, 2n ** 63n + 5n], 77n, [1, 2], 16, null]],
        0,
      ]);
      publisher.publish(2, {
        ts: 102,
        events: [{ type: "BlockRemoved", block_hashes: [HASH(1)], medium: "GPU" }],
      });
      const device = publisher.endpoint;
      await until(() => sample().last(`${device} removed_blocks`)?.value === 1, "the removal");
      assert.equal(sample().last(`${device} stored_blocks`)!.value, 4);
      assert.equal(sample().last(`${device} block_tokens`)!.value, 16);
      assert.equal(opened.failure(), null);
      publisher.publish(5, { ts: 103, events: [{ type: "AllBlocksCleared" }] });
      await until(() => sample().last(`${device} clears`)?.value === 1, "the clear");
      assert.equal(sample().last(`${device} lost_messages`)!.value, 2);
      assert.match(opened.failure()!, /2 messages were lost before number 5/);
      await opened.close();
      const text = readFileSync(log, "utf8");
      // A scrubbed name may hold these digits by chance, but never stand for itself.
      assert.doesNotMatch(text, /abcd0001|7000000|(?<![0-9a-f.])123(?![0-9a-f])/);
      assert.match(text, /"scrubbed":true/);
      assert.match(text, /"event":"gap".*"from":3,"to":4/);
      const names = text.match(/"[0-9a-f]{16}"/g)!;
      assert.equal(
        new Set(names).size,
        5,
        "five blocks and parents; the removed one has its name again",
      );
    });
  } finally {
    await publisher.close();
  }
});

test("without scrubbing names stay, and a broken connection is made again and noted", async () => {
  const publisher = await startPublisher();
  try {
    await recording([publisher.endpoint], false, async (sample, opened, log) => {
      await until(() => publisher.subscribers() === 1, "the subscription");
      publisher.publish(0, { ts: 1, events: [stored([HASH(9)], null, [1])] });
      await until(
        () => sample().last(`${publisher.endpoint} stored_blocks`)?.value === 1,
        "a block",
      );
      publisher.drop();
      await until(() => publisher.subscribers() === 0, "the break");
      await until(() => publisher.subscribers() === 1, "the second connection");
      publisher.publish(1, { ts: 2, events: [stored([HASH(8)], HASH(9), [1])] });
      await until(
        () => sample().last(`${publisher.endpoint} stored_blocks`)?.value === 2,
        "another",
      );
      assert.match(opened.failure()!, /connection broke/);
      await opened.close();
      assert.match(readFileSync(log, "utf8"), /"abcd0009"/);
    });
  } finally {
    await publisher.close();
  }
});

test("a peer that speaks something else is named", async () => {
  const { createServer } = await import("node:net");
  const server = createServer((socket) =>
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n".padEnd(80))
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as { port: number }).port;
  const started = performance.now();
  try {
    const context = {
      ...sourceContext(""),
      nowNs: () => performance.now() - started > 400 ? 5e9 : 0,
      live: {
        scrape: [],
        kvEvents: [`tcp://127.0.0.1:${port}`],
        scrub: true,
        filePrefix: join(tmpdir(), `kv-${port}`),
      },
    };
    const opened = await kvEvents.open(context);
    const seen = collector();
    await until(() => {
      opened.sample(seen.sink);
      return /does not speak ZMTP/.test(opened.failure() ?? "");
    }, "the refusal").catch(() => assert.fail(String(opened.failure())));
    await opened.close();
  } finally {
    server.close();
  }
});

test("payloads that are none are refused with what is wrong", () => {
  assert.throws(() => decodeKvBatch(new Uint8Array([0xc1])), /no msgpack/);
  assert.throws(() => decodeKvBatch(encode("x")), /no time and list/);
  assert.throws(() => decodeKvBatch(encode([1, [["BlockStored", "x"]]])), /block_hashes/);
  assert.throws(
    () => decodeKvBatch(encode([1, [["BlockStored", [1], null, [], 0]]])),
    /block_size/,
  );
  assert.deepEqual(decodeKvBatch(encode([1, [["Novel", 1]], null])).unknown, ["Novel"]);
  assert.throws(() => createZmtpReader().push(new Uint8Array([0x48, 0x54, 0x54])), /flags/);
  assert.equal(endpointOf("tcp://[::1]:5557")!.host, "::1");
  for (const bad of ["http://a:1", "tcp://a", "tcp://a:0", "tcp://a:99999"]) {
    assert.equal(endpointOf(bad), null);
  }
});

test("frames come out the same however the bytes are cut", () => {
  const parts = [new Uint8Array(0), new Uint8Array(300).fill(7), new Uint8Array([1, 2, 3])];
  const bytes = zmtpMessage(parts);
  for (const size of [1, 2, 7, 64, bytes.length]) {
    const reader = createZmtpReader();
    const events = [];
    for (let at = 0; at < bytes.length; at += size) {
      events.push(...reader.push(bytes.slice(at, at + size)));
    }
    assert.equal(events.length, 1);
    assert.deepEqual(
      events[0].kind === "message" ? events[0].parts.map((p) => [...p]) : [],
      parts.map((p) => [...p]),
    );
  }
});

test("a log of events becomes requests: chains are put together over stores", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-kvlog-"));
  const file = join(folder, "x");
  const s = (t: number, hashes: string[], parent: string | null) =>
    JSON.stringify({
      t,
      event: "stored",
      hashes,
      parent,
      blockTokens: 16,
      tokens: 16 * hashes.length,
      medium: "GPU",
    });
  try {
    writeFileSync(
      file,
      [
        '{"schema":"spillway/kv-events/1","scrubbed":true}',
        s(10, ["a", "b"], null),
        s(11, ["c"], "b"),
        s(12, ["d"], "b"),
        s(13, ["e"], "c"),
        '{"t":14,"event":"removed","hashes":["a"],"medium":"GPU"}',
        '{"t":15,"event":"gap","endpoint":0,"from":3,"to":4}',
        "",
      ].join("\n"),
    );
    const trace = await importTrace(file, FORMATS) as Trace<"requests">;
    assert.equal(trace.format, "kv-events");
    const lists: number[][] = [];
    for await (const batch of trace.batches()) {
      for (let i = 0; i < batch.count; i++) {
        lists.push([
          ...batch.blockIds!.subarray(batch.blockOffsets![i], batch.blockOffsets![i + 1]),
        ]);
      }
    }
    // a b, c and e are one request that went on; d is another that found a and b.
    assert.deepEqual(lists, [[0, 1, 2, 4], [0, 1, 3]]);
    assert.match(trace.notes.join("\n"), /2 messages were lost in 1 gaps/);
    writeFileSync(
      file,
      '{"schema":"spillway/kv-events/1"}\n{"t":1,"event":"stored","hashes":[1],"blockTokens":16}\n',
    );
    await assert.rejects(importTrace(file, FORMATS), { kind: "data", message: /:2:1: "hashes"/ });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const PYTHON = "/usr/bin/python3";
const hasLibzmq = spawnSync(PYTHON, ["-c", "import zmq, msgpack"]).status === 0;

test("libzmq itself as the publisher: greeting, handshake and subscription are the real ones", {
  skip: hasLibzmq ? false : "python3-zmq and python3-msgpack are not installed",
}, async () => {
  const script = `
import struct, sys, time, zmq, msgpack
s = zmq.Context.instance().socket(zmq.XPUB)
port = s.bind_to_random_port("tcp://127.0.0.1")
print(port, flush=True)
s.recv()  # a subscription arrived
for n in range(3):
    event = {"type": "BlockStored", "block_hashes": [bytes([n, 1]), 2**64 - 1 - n], "parent_block_hash": None,
             "token_ids": list(range(600)), "block_size": 300, "lora_id": None, "medium": "GPU", "lora_name": None}
    s.send_multipart([b"", struct.pack(">Q", n), msgpack.packb({"ts": time.time(), "events": [event]})])
time.sleep(5)
`;
  const child = spawn(PYTHON, ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise<string>((resolve) =>
      child.stdout.once("data", (data) => resolve(String(data).trim()))
    );
    const endpoint = `tcp://127.0.0.1:${port}`;
    await recording([endpoint], true, async (sample, opened) => {
      await until(
        () => sample().last(`${endpoint} stored_blocks`)?.value === 6,
        "six blocks of libzmq",
      );
      assert.equal(sample().last(`${endpoint} messages`)!.value, 3);
      assert.equal(sample().last(`${endpoint} block_tokens`)!.value, 300);
      assert.equal(opened.failure(), null);
    });
  } finally {
    child.kill("SIGKILL");
  }
});
