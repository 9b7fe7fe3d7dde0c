import { rmSync } from "node:fs";
import { messageOf } from "../../model/errors.ts";
import { decodeKvBatch, sequenceOf } from "../../parse/kv_events.ts";
import { createKvEventLog, type KvEventLog } from "../kv_events/event_log.ts";
import { createScrub } from "../kv_events/scrub.ts";
import { endpointOf, subscribe, type Subscriber } from "../kv_events/subscriber.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** Counters are written ten times a second at most; events are taken as they come. */
const FASTEST_NS = 1e8;

const FIELDS = [
  ["stored_blocks", "count", "counter"],
  ["removed_blocks", "count", "counter"],
  ["clears", "count", "counter"],
  ["messages", "count", "counter"],
  ["lost_messages", "count", "counter"],
  ["block_tokens", "tokens", "gauge"],
] as const;

function probe(context: SourceContext): SourceProbe {
  const endpoints = context.live?.kvEvents ?? [];
  if (endpoints.length === 0) {
    return {
      status: "absent",
      reason: "no publisher of KV events was named",
      remedy: "record --kv-events tcp://HOST:5557; vLLM publishes with --kv-events-config",
      devices: [],
    };
  }
  return { status: "ok", reason: null, remedy: null, devices: endpoints };
}

interface Endpoint {
  readonly device: string;
  readonly subscriber: Subscriber;
  readonly counts: number[];
  next: number | null;
}

function open(context: SourceContext): OpenSource {
  const live = context.live!;
  let log: KvEventLog | null = null;
  let failure: string | null = null;
  let events = 0;
  let begun = false;
  const note = (text: string) => failure ??= text;
  try {
    log = createKvEventLog(
      `${live.filePrefix}.kv-events.jsonl`,
      live.scrub,
      createScrub(live.scrub),
    );
  } catch (error) {
    note(`events are counted but not kept: ${messageOf(error)}`);
  }

  const take = (endpoint: Endpoint, index: number, parts: readonly Uint8Array[]) => {
    const { counts, device } = endpoint;
    // topic, sequence, payload; the payload is always last.
    const sequence = sequenceOf(parts[parts.length - 2] ?? new Uint8Array(0));
    counts[3]++;
    if (sequence !== null) {
      if (endpoint.next !== null && sequence > endpoint.next) {
        const lost = sequence - endpoint.next;
        counts[4] += lost;
        note(`${device}: ${lost} messages were lost before number ${sequence}`);
        log?.gap(Date.now() / 1000, index, endpoint.next, sequence - 1);
      } else if (endpoint.next !== null && sequence < endpoint.next) {
        note(`${device}: numbers went back to ${sequence}: the engine was started anew`);
      }
      endpoint.next = sequence + 1;
    }
    try {
      const batch = decodeKvBatch(parts[parts.length - 1]);
      if (batch.unknown.length > 0) {
        note(`${device}: events of the kinds ${batch.unknown.join(", ")} are not known`);
      }
      for (const event of batch.events) {
        events++;
        if (event.kind === "stored") {
          counts[0] += event.hashes.length;
          counts[5] = event.blockTokens;
        } else if (event.kind === "removed") counts[1] += event.hashes.length;
        else counts[2]++;
        log?.event(batch.unixSeconds, index, event);
      }
    } catch (error) {
      note(`${device}: ${messageOf(error)}`);
    }
  };

  const endpoints = live.kvEvents.map((device, index): Endpoint => {
    const counts = FIELDS.map(() => 0);
    const endpoint: { -readonly [K in keyof Endpoint]: Endpoint[K] } = {
      device,
      counts,
      next: null,
      subscriber: undefined as unknown as Subscriber,
    };
    endpoint.subscriber = subscribe(endpointOf(device)!, (parts) => take(endpoint, index, parts));
    return endpoint;
  });

  return {
    sample(sink: SampleSink) {
      for (const { device, counts, subscriber } of endpoints) {
        const down = subscriber.connected() ? null : subscriber.problem()!;
        // A connection gets two seconds before its absence counts as a fault.
        if (down !== null && context.nowNs() > 2e9) note(`${device}: ${down}`);
        if (subscriber.breaks() > 0) note(`${device}: the connection broke; events were missed`);
        FIELDS.forEach(([field, unit, type], i) => {
          const id = sink.series({ source: "kv-events", device, field, unit, type });
          const unknown = field === "block_tokens" && counts[5] === 0;
          // What came while other sources were opening is in the log, so it counts: growth is from 0.
          const value = begun || type === "gauge" ? counts[i] : 0;
          sink.push(id, unknown ? null : value, "nothing was stored yet");
        });
      }
      begun = true;
      log?.flush();
      if (log !== null && log.problem() !== null) note(log.problem()!);
    },
    failure: () => failure,
    close: () => {
      for (const { subscriber } of endpoints) subscriber.close();
      log?.close();
      // A recording without an event leaves no file.
      if (log !== null && events === 0) rmSync(log.path, { force: true });
      return Promise.resolve();
    },
  };
}

export const source: Source = {
  name: "kv-events",
  summary: "blocks that a serving engine stores and removes (vLLM's ZeroMQ events), scrubbed",
  minIntervalNs: FASTEST_NS,
  probe: (context) => Promise.resolve(probe(context)),
  open: (context) => Promise.resolve(open(context)),
};
