import type { LiveEndpoints, Source } from "../../collect/source.ts";
import type { MeasuredCeilings } from "../../analyze/stall/ceilings.ts";
import type { ServingEngineConfig } from "../../model/engine_config.ts";
import { usageError } from "../../model/errors.ts";
import { formatSeconds, parseBytes, parseNanoseconds } from "../../model/units.ts";
import type { GlobalOptions, Output } from "../output.ts";
import type { RecordPlan } from "./record_run.ts";

export interface RecordOptions extends GlobalOptions {
  readonly interval?: string;
  readonly sources?: string;
  readonly duration?: string;
  readonly untilSignal?: boolean;
  readonly rotate?: string;
  readonly keep?: number;
  readonly name?: string;
  readonly summary?: string;
  readonly dryRun?: boolean;
  readonly pid?: number;
  readonly live?: boolean;
  readonly scrape?: readonly string[];
  readonly kvEvents?: readonly string[];
  /** False for --no-scrub. */
  readonly scrub?: boolean;
  readonly engineConfig?: string;
  readonly hardware?: string;
  readonly torchSnapshot?: string;
}

const MIN_INTERVAL_NS = 10e6;
const MIN_ROTATE_BYTES = 64 * 2 ** 10;
const KEPT_PARTS = 16;

export function intervalOf(text: string): number {
  const ns = parseNanoseconds(text, "--interval");
  if (ns < MIN_INTERVAL_NS || ns > 3600e9) {
    throw usageError(
      `--interval: ${formatSeconds(ns / 1e9)} is not between 10 ms and 1 h`,
      "10ms is the shortest interval that ticks hold reliably",
    );
  }
  return ns;
}

/** The engines to listen to. @throws usage error for what is no URL or endpoint. */
export async function liveOf(options: RecordOptions): Promise<Omit<LiveEndpoints, "filePrefix">> {
  const scrape = options.scrape ?? [];
  const kvEvents = options.kvEvents ?? [];
  for (const url of scrape) {
    if (!/^https?:\/\/\S+$/.test(url)) {
      throw usageError(`--scrape: "${url}" is no URL`, "write http://localhost:8000/metrics");
    }
  }
  const { endpointOf } = await import("../../collect/kv_events/subscriber.ts");
  for (const endpoint of kvEvents) {
    if (endpointOf(endpoint) === null) {
      throw usageError(
        `--kv-events: "${endpoint}" is no endpoint`,
        "write tcp://HOST:5557, the address that the engine publishes on",
      );
    }
  }
  return { scrape, kvEvents, scrub: options.scrub !== false };
}

async function engineOf(list: string | undefined): Promise<ServingEngineConfig | null> {
  if (list === undefined) return null;
  const { readTextIfExists } = await import("../../runtime/files.ts");
  const { readEngineFiles } = await import("../../parse/engine/config_file.ts");
  return readEngineFiles(
    list.split(",").map((path) => path.trim()).filter((path) => path !== "").map((path) => {
      const content = readTextIfExists(path);
      if (content === null) throw usageError(`--engine-config: ${path} does not exist`);
      return { label: path, content };
    }),
  );
}

/** Rates of this machine that `calibrate` measured; what a profile only assumes is no ceiling. */
async function ceilingsOf(hardware: string | null): Promise<MeasuredCeilings> {
  if (hardware === null) return {};
  const { loadProfile } = await import("../load_profiles.ts");
  const profile = await loadProfile("hardware", hardware);
  if (profile === null) return {};
  const sum = (field: "readBytesPerSecond" | "writeBytesPerSecond") =>
    profile.ssds.length > 0 && profile.ssds.every((ssd) => ssd[field].evidence === "measured")
      ? { [field]: profile.ssds.reduce((total, ssd) => total + ssd.count * ssd[field].value, 0) }
      : {};
  const link = profile.links.hostToDevice;
  return {
    ...sum("readBytesPerSecond"),
    ...sum("writeBytesPerSecond"),
    ...(link?.evidence === "measured" ? { pcieBytesPerSecond: link.value } : {}),
  };
}

/** What `record` is asked to do. @throws usage error for options that do not go together. */
export async function planOf(
  out: Output,
  options: RecordOptions,
  argv: readonly string[],
): Promise<RecordPlan> {
  const { chooseSources } = await import("./choose_sources.ts");
  if (options.pid !== undefined && argv.length > 0) {
    throw usageError("--pid records a running process: no command can follow it");
  }
  if (options.pid !== undefined) {
    const { startTicksOf } = await import("../../runtime/host.ts");
    if (options.pid < 1 || startTicksOf(options.pid) === null) {
      throw usageError(`--pid: there is no process ${options.pid}`);
    }
  }
  const durationNs = options.duration === undefined
    ? null
    : parseNanoseconds(options.duration, "--duration");
  if (durationNs !== null && durationNs <= 0) throw usageError("--duration: must be above 0");
  if (options.untilSignal && argv.length > 0) {
    throw usageError("--until-signal: a command ends its recording itself");
  }
  if (options.untilSignal && durationNs !== null) {
    throw usageError("--until-signal and --duration exclude each other");
  }
  const rotateBytes = options.rotate === undefined ? null : parseBytes(options.rotate, "--rotate");
  if (rotateBytes !== null && rotateBytes < MIN_ROTATE_BYTES) {
    throw usageError("--rotate: a part has at least 64 KiB");
  }
  if (options.keep !== undefined && (rotateBytes === null || options.keep < 1)) {
    throw usageError("--keep: needs --rotate and at least 1");
  }
  const live = await liveOf(options);
  const named = out.setting("sources", options.sources).value;
  // Sources of engines are left out of a run that names no engine: they would only say so.
  const silent = [
    ...(live.scrape.length === 0 ? ["scrape"] : []),
    ...(live.kvEvents.length === 0 ? ["kv-events"] : []),
  ];
  const chosen: Source[] = await chooseSources(named);
  const sources = chosen.filter((source) =>
    !silent.includes(source.name) || named?.split(",").includes(source.name)
  );
  return {
    storePath: out.setting("store").value!,
    name: options.name ?? null,
    intervalNs: intervalOf(out.setting("interval", options.interval).value!),
    durationNs,
    rotateBytes,
    keep: options.keep ?? KEPT_PARTS,
    sources,
    command: argv,
    attachPid: options.pid ?? null,
    live,
    engine: await engineOf(options.engineConfig),
    ceilings: await ceilingsOf(out.setting("hardware", options.hardware).value),
    torchSnapshot: options.torchSnapshot ?? null,
  };
}
