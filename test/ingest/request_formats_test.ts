import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { importTrace } from "../../src/ingest/import_trace.ts";
import { SpillwayError } from "../../src/model/errors.ts";
import type { RequestColumns, RequestTraceMeta } from "../../src/model/trace/requests.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { needsShared, sharedBytes, sharedPath, sharedText } from "../shared.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-import-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;

/** Writes bytes under a name that says nothing. */
function file(content: string | Uint8Array, ending = ""): string {
  const path = join(folder, `f${++number}${ending}`);
  writeFileSync(path, content);
  return path;
}

interface Whole {
  arrivalNs: number[];
  inputTokens: number[];
  outputTokens: number[];
  session: number[];
  turn: number[];
  thinkNs: number[];
  blocks: number[][] | null;
}

async function whole(trace: Trace): Promise<Whole> {
  const out: Whole = {
    arrivalNs: [],
    inputTokens: [],
    outputTokens: [],
    session: [],
    turn: [],
    thinkNs: [],
    blocks: null,
  };
  for await (const batch of trace.batches()) {
    const c = batch as RequestColumns;
    for (let i = 0; i < c.count; i++) {
      out.arrivalNs.push(c.arrivalNs[i]);
      out.inputTokens.push(c.inputTokens[i]);
      out.outputTokens.push(c.outputTokens[i]);
      out.session.push(c.session[i]);
      out.turn.push(c.turn[i]);
      out.thinkNs.push(c.thinkNs[i]);
      if (c.blockOffsets === null) continue;
      out.blocks ??= [];
      out.blocks.push([...c.blockIds!.subarray(c.blockOffsets[i], c.blockOffsets[i + 1])]);
    }
  }
  return out;
}

async function load(content: string | Uint8Array, format?: string): Promise<Trace> {
  return await importTrace(file(content), FORMATS, { format });
}

/** Ids as dense numbers in order of first appearance, the slow and plain way. */
function dense(lists: number[][]): number[][] {
  const known = new Map<number, number>();
  return lists.map((list) =>
    list.map((id) => {
      if (!known.has(id)) known.set(id, known.size);
      return known.get(id)!;
    })
  );
}

const MOONCAKE = "traces/mooncake/synthetic_trace.jsonl";
test("the Mooncake trace is read row by row as JSON.parse reads it", {
  skip: needsShared(MOONCAKE),
}, async () => {
  const trace = await importTrace(sharedPath(MOONCAKE), FORMATS);
  const rows = sharedText(MOONCAKE).trim().split("\n").map((line) => JSON.parse(line));
  const got = await whole(trace);
  assert.equal(trace.format, "mooncake");
  assert.equal(trace.rows, 3993);
  assert.deepEqual(trace.meta, { blockTokens: 512, uniqueBlocks: 43924 });
  assert.deepEqual(got.arrivalNs, rows.map((r) => r.timestamp * 1e6));
  assert.deepEqual(got.inputTokens, rows.map((r) => r.input_length));
  assert.deepEqual(got.outputTokens, rows.map((r) => r.output_length));
  assert.deepEqual(got.blocks, dense(rows.map((r) => r.hash_ids)));
  assert.equal(trace.sha256, createHash("sha256").update(sharedBytes(MOONCAKE)).digest("hex"));
});

const DELTA = "traces/weka/sessions_delta.jsonl.gz";
for (const name of ["trace_0078", "trace_0247", "trace_0615", "trace_0711"]) {
  test(`WEKA session ${name} is the same as published and in compact form`, {
    skip: needsShared(DELTA, `traces/weka/${name}.json`),
  }, async () => {
    const published = await importTrace(sharedPath(`traces/weka/${name}.json`), FORMATS);
    const line = sharedText(DELTA).split("\n").find((l) => l.includes(`"id":"${name}"`))!;
    const compact = await load(line);
    const requests = JSON.parse(sharedText(`traces/weka/${name}.json`)).requests;
    const got = await whole(published);
    assert.deepEqual(got.blocks, dense(requests.map((r: { hash_ids: number[] }) => r.hash_ids)));
    assert.deepEqual(got.thinkNs, requests.map((r: { think_time: number }) => r.think_time * 1e9));
    assert.deepEqual(await whole(compact), got);
    assert.deepEqual(compact.meta, published.meta);
    const pretty = await load(JSON.stringify(JSON.parse(line), null, 2));
    assert.deepEqual(await whole(pretty), got);
  });
}

test(
  "all WEKA sessions: 49,334 requests in document order, sub-agents included, 94,310,647 references",
  {
    skip: needsShared(DELTA),
  },
  async () => {
    const trace = await importTrace(sharedPath(DELTA), FORMATS);
    let references = 0;
    let sessions = 0;
    let largest = -1;
    for await (const batch of trace.batches()) {
      const c = batch as RequestColumns;
      references += c.blockIds!.length;
      sessions = Math.max(sessions, c.session[c.count - 1] + 1);
      for (const id of c.blockIds!) {
        // Dense in order of first appearance: a new id is one more than the largest so far.
        if (id > largest) assert.equal(id, ++largest);
      }
    }
    assert.equal(trace.rows, 49334);
    assert.equal(references, 94310647);
    assert.equal(sessions, 710);
    assert.equal((trace.meta as RequestTraceMeta).uniqueBlocks, largest + 1);
  },
);

test("block ids of WEKA sessions are local to a session unless the session says global", async () => {
  const session = (scope: string) =>
    `{"block_size":2,"hash_id_scope":"${scope}","requests":[{"t":0,"in":5,"out":1,"hash_ids":[7,9]}]}`;
  const local = await load(`${session("local")}\n${session("local")}\n`);
  assert.deepEqual((await whole(local)).blocks, [[0, 1], [2, 3]]);
  const global = await load(`${session("global")}\n${session("global")}\n`);
  assert.deepEqual((await whole(global)).blocks, [[0, 1], [0, 1]]);
});

test("a session whose own keys stand after thousands of requests is recognised", async () => {
  const requests = Array.from(
    { length: 5000 },
    (_, t) => `{"t":${t},"in":4,"out":1,"hash_ids":[${t},9]}`,
  );
  const trace = await load(`{"requests":[${requests}],"block_size":2}`);
  assert.equal(trace.format, "weka");
  assert.equal(trace.rows, 5000);
  assert.equal((trace.meta as RequestTraceMeta).uniqueBlocks, 5000);
});

test("a sub-agent's requests stand after their agent's own row, wherever the key stands", async () => {
  const trace = await load(
    `{"requests":[{"requests":[{"t":3,"in":2,"out":1,"k":1,"a":[]}],"t":1,"type":"subagent","in":4,` +
      `"out":2,"k":0,"a":[[5,2]]},{"t":2,"in":0,"out":0,"hash_ids":[]}],` +
      `"hash_id_scope":"local","block_size":2}`,
  );
  assert.equal(trace.format, "weka");
  const got = await whole(trace);
  assert.deepEqual(got.blocks, [[0, 1], [0], []]);
  assert.deepEqual(got.arrivalNs, [1e9, 3e9, 2e9]);
  assert.deepEqual(got.turn, [0, 1, 2]);
});

const AZURE = "traces/azure/AzureLLMInferenceTrace_code.csv";
test("the Azure trace keeps its 100 ns clock; the first request arrives at 0", {
  skip: needsShared(AZURE),
}, async () => {
  const trace = await importTrace(sharedPath(AZURE), FORMATS);
  const got = await whole(trace);
  assert.equal(trace.format, "azure-llm");
  assert.equal(trace.rows, 8819);
  assert.deepEqual(got.arrivalNs.slice(0, 3), [0, 52_000_000, 98_189_000]);
  assert.deepEqual(got.inputTokens.slice(0, 3), [4808, 3180, 110]);
  assert.deepEqual(got.outputTokens.slice(0, 3), [10, 8, 27]);
  assert.equal(got.blocks, null);
});

test("the 2024 form of the Azure trace has a zone and six digits", async () => {
  const trace = await load(
    "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2024-05-10 00:00:00.009930+00:00,2162,5\r\n" +
      "2024-05-10 02:00:00.017335+02:00,2399,6\r\n",
  );
  assert.deepEqual((await whole(trace)).arrivalNs, [0, 7_405_000]);
});

test("CSVs of other tools are read by the names of their columns", async () => {
  const vidur = await load(
    "arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,10,2\n1.25,20,3\n",
  );
  assert.equal(vidur.format, "requests-csv");
  assert.deepEqual((await whole(vidur)).arrivalNs, [5e8, 1.25e9]);
  const burst = await load(
    "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n" +
      '5,ChatGPT,472,18,490,"Conversation, log"\n45,GPT-4,1087,230,1317,API log\n',
  );
  assert.deepEqual((await whole(burst)).inputTokens, [472, 1087]);
  assert.deepEqual(burst.notes[1], "dropped the columns Model, Total tokens, Log Type");
  const bare = await load("prompt_len,output_len,session_id\n1,2,a\n3,4,b\n5,6,a\n");
  const got = await whole(bare);
  assert.deepEqual(got.arrivalNs, [0, 0, 0]);
  assert.deepEqual(got.session, [0, 1, 0]);
  assert.deepEqual(got.turn, [0, 0, 1]);
});

const BLIS = "request_id,client_id,tenant_id,slo_class,session_id,round_index,prefix_group," +
  "prefix_length,streaming,input_tokens,output_tokens,arrival_time_us,status,error_message\n";

test("a BLIS TraceV2: sessions, rounds and microseconds; rows without a session have none", async () => {
  const trace = await load(
    `${BLIS}0,c,t,standard,s1,0,,0,true,10,5,1000,ok,\n1,c,t,standard,s2,0,,0,true,20,6,2500,ok,\n` +
      `2,c,t,standard,s1,1,,0,true,30,7,2400,ok,"a, ""b"""\n3,c,t,batch,,0,,0,false,1,2,2600,error,x\n`,
  );
  assert.equal(trace.format, "blis-trace");
  const got = await whole(trace);
  assert.deepEqual(got.arrivalNs, [1e6, 2.5e6, 2.4e6, 2.6e6]);
  assert.deepEqual(got.session, [0, 1, 0, -1]);
  assert.deepEqual(got.turn, [0, 0, 1, -1]);
  assert.deepEqual(got.inputTokens, [10, 20, 30, 1]);
});

const TWO = '{"timestamp":0,"input_length":513,"output_length":1,"hash_ids":[10,11]}\n' +
  '{"timestamp":7,"input_length":512,"output_length":2,"hash_ids":[10]}\n';

test("the name of a file plays no part, gzip is unpacked, line ends and a mark at the start do not matter", async () => {
  const want = await whole(await load(TWO));
  assert.deepEqual(want.blocks, [[0, 1], [0]]);
  for (
    const path of [
      file(TWO, ".csv"),
      file(TWO, ".pickle"),
      file(gzipSync(TWO), ".txt"),
      file(TWO.replaceAll("\n", "\r\n")),
      file(`\uFEFF${TWO}`),
      file(TWO.trimEnd()),
      file(`\n${TWO}\n\n`),
    ]
  ) {
    const trace = await importTrace(path, FORMATS);
    assert.equal(trace.format, "mooncake");
    assert.deepEqual(await whole(trace), want);
  }
});

test("sessions with delays: think time is kept, a missing timestamp follows from the turn before", async () => {
  const row = (rest: string) => `{${rest},"input_length":5,"output_length":1}\n`;
  const trace = await load(
    row('"session_id":"a","timestamp":1000') + row('"session_id":"b","timestamp":10') +
      row('"session_id":"a","delay":250.5') + row('"session_id":"b","delay":1'),
  );
  const got = await whole(trace);
  assert.deepEqual(got.session, [0, 1, 0, 1]);
  assert.deepEqual(got.turn, [0, 0, 1, 1]);
  assert.deepEqual(got.arrivalNs, [1e9, 1e7, 1.2505e9, 1.1e7]);
  assert.deepEqual(got.thinkNs, [NaN, NaN, 250_500_000, 1e6]);
});

test("block ids of any size stay apart: 64-bit hashes are not rounded", async () => {
  const trace = await load(
    '{"timestamp":0,"input_length":1500,"output_length":1,' +
      '"hash_ids":[18446744073709551615,18446744073709551614,9007199254740993]}\n' +
      '{"timestamp":0,"input_length":1025,"output_length":1,' +
      '"hash_ids":[9007199254740992,18446744073709551614,4000000000]}\n',
  );
  assert.deepEqual((await whole(trace)).blocks, [[0, 1, 2], [3, 1, 4]]);
});

const M = (rest: string) => `{"timestamp":0,"input_length":10,"output_length":1${rest}}\n`;
const W = (requests: string) => `{"block_size":2,"hash_id_scope":"local","requests":[${requests}]}`;
const A = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
const REFUSED: readonly [string, string | Uint8Array, string | undefined, RegExp][] = [
  ["an empty file", "", undefined, /is empty \(0 bytes\)/],
  ["a file of spaces", "  \n\n", undefined, /in no format that Spillway knows/],
  ["a binary file", Uint8Array.of(0, 1, 2, 255, 254), undefined, /in no format/],
  ["a text", "hello world\n", undefined, /in no format/],
  ["a truncated gzip", gzipSync(TWO).subarray(0, 40), undefined, /gzip|no format/],
  ["a truncated row", TWO.slice(0, -20), undefined, /:2:\d+: .*the end of the input/],
  ["a string without an end", M("") + '{"timestamp', "mooncake", /:2:2: the string .* no end/],
  [
    "a row that is no object",
    M("") + "[1,2]\n",
    "mooncake",
    /:2:1: expected a request object, but found "\[1/,
  ],
  [
    "text after the object",
    M("").trimEnd() + " 5\n",
    "mooncake",
    /:1:\d+: expected the end of the line/,
  ],
  [
    "invalid UTF-8",
    Buffer.concat([
      Buffer.from(M("")),
      Buffer.from('{"é":"'),
      Uint8Array.of(0xff),
      Buffer.from('"}'),
    ]),
    "mooncake",
    /:2:7: .*not valid UTF-8/,
  ],
  [
    "a missing length",
    '{"timestamp":0,"output_length":1}\n',
    "mooncake",
    /:1:1: the key "input_length" is missing/,
  ],
  [
    "a negative length",
    '{"timestamp":0,"input_length":-4,"output_length":1}\n',
    "mooncake",
    /:1:31: expected input_length.* found "-4"/,
  ],
  [
    "a fraction of a token",
    '{"timestamp":0,"input_length":4.5,"output_length":1}\n',
    "mooncake",
    /:1:31: expected input_length/,
  ],
  [
    "a length above 32 bits",
    '{"timestamp":0,"input_length":4294967296,"output_length":1}\n',
    "mooncake",
    /:1:31: expected input_length/,
  ],
  [
    "a length that is a text",
    '{"timestamp":0,"input_length":"4","output_length":1}\n',
    "mooncake",
    /:1:31: /,
  ],
  [
    "a number that JSON lacks",
    '{"timestamp":NaN,"input_length":4,"output_length":1}\n',
    "mooncake",
    /:1:14: expected a timestamp/,
  ],
  [
    "a leading zero",
    '{"timestamp":01,"input_length":4,"output_length":1}\n',
    "mooncake",
    /:1:14: expected a timestamp/,
  ],
  [
    "a timestamp out of range",
    M("") + '{"timestamp":1e300,"input_length":1,"output_length":1}\n',
    "mooncake",
    /:2:14: the timestamp 1e\+300 is out of range/,
  ],
  [
    "a negative timestamp",
    '{"timestamp":-1,"input_length":1,"output_length":1}\n',
    "mooncake",
    /:1:14: the timestamp -1/,
  ],
  [
    "descending timestamps",
    TWO + M(',"hash_ids":[3]'),
    undefined,
    /:3:14: the timestamp 0 is smaller than the one before it \(7\)/,
  ],
  [
    "too many block ids",
    M(',"hash_ids":[1,2]'),
    undefined,
    /:1:\d+: hash_ids holds 2 ids, but input_length 10 needs 1 /,
  ],
  ["too few block ids", M(',"hash_ids":[]'), undefined, /:1:\d+: hash_ids holds 0 ids/],
  [
    "a block id that is a fraction",
    M(',"hash_ids":[1.5]'),
    undefined,
    /:1:\d+: expected a block id/,
  ],
  [
    "block ids in some rows only",
    M(',"hash_ids":[1]') + M(""),
    undefined,
    /:2:1: the key "hash_ids" is missing/,
  ],
  [
    "a key that stands twice",
    M(',"timestamp":1'),
    undefined,
    /:1:\d+: the key "timestamp" stands twice/,
  ],
  [
    "no timestamp at all",
    '{"input_length":1,"output_length":1}\n',
    "mooncake",
    /:1:1: the key "timestamp" is missing/,
  ],
  [
    "WEKA: cut",
    W('{"t":0,"in":4,"out":1,"k":0,"a":[[1,2]]}').slice(0, 80),
    undefined,
    /:1:\d+: .*the end of the input/,
  ],
  [
    "WEKA: wrong number of blocks",
    W('{"t":0,"in":7,"out":1,"hash_ids":[1,2]}'),
    undefined,
    /:1:\d+: the request has 2 block ids, but 7 tokens are 3 full blocks of 2/,
  ],
  [
    "WEKA: a prefix longer than the list before",
    W('{"t":0,"in":4,"out":1,"k":2,"a":[]}'),
    undefined,
    /k is 2, but the request before has 0 blocks/,
  ],
  [
    "WEKA: descending times",
    W('{"t":5,"in":0,"out":1,"a":[]},{"t":4,"in":0,"out":1,"a":[]}'),
    undefined,
    /t is 4 s, but 5 s in the request before/,
  ],
  [
    "WEKA: no block size",
    '{"hash_id_scope":"local","requests":[]}',
    undefined,
    /"block_size" is missing/,
  ],
  [
    "WEKA: another block size later",
    `${W("")}\n${W("").replace('"block_size":2', '"block_size":4')}`,
    undefined,
    /:2:15: block_size is 4, but 2/,
  ],
  ["WEKA: no request at all", W(""), undefined, /holds no row of requests/],
  [
    "WEKA: a huge range",
    W('{"t":0,"in":4,"out":1,"k":0,"a":[[1,268435457]]}'),
    undefined,
    /the count of a range from 0 to/,
  ],
  [
    "Azure: descending times",
    `${A}2023-11-16 18:17:03.97,1,1\n2023-11-16 18:17:02,1,1\n`,
    undefined,
    /:3:1: the time 2023-11-16 18:17:02 is smaller/,
  ],
  [
    "Azure: a day that does not exist",
    `${A}2023-02-30 18:17:03,1,1\n`,
    undefined,
    /:2:1: expected a time/,
  ],
  [
    "Azure: a missing cell",
    `${A}2023-11-16 18:17:03,1\n`,
    undefined,
    /:2:1: the line has 2 cells, but the header has 3/,
  ],
  [
    "Azure: a negative count",
    `${A}2023-11-16 18:17:03,-1,1\n`,
    undefined,
    /:2:21: expected prompt tokens/,
  ],
  ["Azure: the header alone", A, undefined, /holds no row of requests/],
  [
    "BLIS: a time that descends within a session",
    `${BLIS}0,c,t,s,a,0,,0,true,1,1,9,ok,\n1,c,t,s,a,1,,0,true,1,1,8,ok,\n`,
    undefined,
    /:3:\d+: the time 8 is smaller/,
  ],
  [
    "BLIS: a round that is no number",
    `${BLIS}0,c,t,s,a,x,,0,true,1,1,9,ok,\n`,
    undefined,
    /:2:11: expected a turn/,
  ],
  [
    "CSV: invalid UTF-8",
    Buffer.concat([
      Buffer.from("prompt_len,output_len\n1,"),
      Uint8Array.of(0xe9),
      Buffer.from("\n"),
    ]),
    undefined,
    /:2:3: byte 0xe9 is not valid UTF-8/,
  ],
  [
    "CSV: a quote without an end",
    'prompt_len,output_len\n1,"2\n',
    undefined,
    /:2:3: the quoted cell that starts here has no end/,
  ],
  [
    "CSV: no such columns",
    "a,b\n1,2\n",
    "requests-csv",
    /:1:1: the header has no column of prompt tokens/,
  ],
];
for (const [name, content, format, message] of REFUSED) {
  test(`import refuses ${name}`, async () => {
    await assert.rejects(
      load(content, format),
      (error) => {
        assert.ok(error instanceof SpillwayError, String(error));
        assert.equal(error.kind, "data");
        assert.match(error.message, message);
        assert.ok(error.hint !== undefined, "a remedy");
        return true;
      },
    );
  });
}

test("a damaged gzip is named as such", async () => {
  const rows = Array.from(
    { length: 20000 },
    (_, i) =>
      `{"timestamp":${i},"input_length":${(i * 7919) % 512},"output_length":${(i * 31) % 100}}\n`,
  );
  const packed = gzipSync(rows.join(""));
  await assert.rejects(
    load(packed.subarray(0, packed.length - 2000)),
    /gzip stream is damaged or truncated/,
  );
});

test("an unknown format is refused with the known ones; a wrong kind is named", async () => {
  await assert.rejects(load(TWO, "moncake"), /there is no format "moncake"/);
  await assert.rejects(
    importTrace(file(TWO), FORMATS, { kind: "faults" }),
    /is a trace of requests \(mooncake\), but one of faults was expected/,
  );
});

test("rows that span the borders of read chunks are read whole", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => {
    const blocks = i % 400;
    return JSON.stringify({
      timestamp: i,
      input_length: blocks * 512,
      output_length: i,
      hash_ids: Array.from({ length: blocks }, (_, b) => (i * 37 + b * b) % 5000),
      extra: { "ключ": ["é\\", '"', i] },
    });
  });
  const trace = await load(rows.join("\n"));
  const parsed = rows.map((row) => JSON.parse(row));
  const got = await whole(trace);
  assert.deepEqual(got.blocks, dense(parsed.map((row) => row.hash_ids)));
  assert.deepEqual(got.outputTokens, parsed.map((row) => row.output_length));
  assert.match(trace.notes.at(-1)!, /dropped the key "extra" of 3,000 requests/);
});
