import { messageOf } from "../../model/errors.ts";
import {
  decodeEnduranceLog,
  decodeHealthLog,
  decodeOcpLog,
  LOG_PAGES,
} from "../../parse/nvme/log_page.ts";
import { type MediaCounters, parseEnduranceLog, parseOcpLog } from "../../parse/nvme/media.ts";
import { type NvmeHealth, parseNvmeSmartLog, readSmartctl } from "../../parse/nvme/smart_log.ts";
import { runTool } from "../../runtime/tool.ts";
import type { NvmeAdmin } from "./admin.ts";

/** What a drive says of itself, and by which way it was asked. */
export interface DriveReading {
  readonly health: NvmeHealth;
  readonly media: MediaCounters | null;
  readonly powerState: number | null;
  readonly via: "ioctl" | "nvme-cli" | "smartctl";
  /** What smartctl's exit status says although there is data, in one sentence. */
  readonly warning: string | null;
}

/** Why there is none. */
export interface DriveFailure {
  readonly problem: string;
  readonly denied: boolean;
}

/** Reads one drive. Logs of the flash that it does not have are asked for only once. */
export interface DriveReader {
  read(): Promise<DriveReading | DriveFailure>;
}

const LIMIT = { timeoutMs: 5000 } as const;

type MediaWay = () => Promise<MediaCounters | null>;

function adminMedia(device: string, admin: NvmeAdmin): MediaWay[] {
  const page = async (
    id: number,
    group: number,
    decode: (bytes: Uint8Array) => MediaCounters | null,
  ) => {
    const answer = await admin.logPage(device, id, group);
    return "bytes" in answer ? decode(answer.bytes) : null;
  };
  return [
    () => page(LOG_PAGES.ocp, 0, decodeOcpLog),
    () => page(LOG_PAGES.enduranceGroup, 1, decodeEnduranceLog),
  ];
}

function toolMedia(device: string): MediaWay[] {
  const ask = async (
    argv: readonly string[],
    parse: (text: string, label: string) => MediaCounters,
  ) => {
    const ran = await runTool(argv, LIMIT);
    if (ran.code !== 0) return null;
    try {
      return parse(ran.stdout, argv.join(" "));
    } catch {
      return null;
    }
  };
  const path = `/dev/${device}`;
  return [
    () => ask(["nvme", "ocp", "smart-add-log", path, "-o", "json"], parseOcpLog),
    () => ask(["nvme", "endurance-log", path, "-g", "1", "-o", "json"], parseEnduranceLog),
  ];
}

/** By pass-through, else by nvme-cli, else by smartctl. */
export function createDriveReader(device: string, admin: NvmeAdmin | null): DriveReader {
  const path = `/dev/${device}`;
  let mediaWays: MediaWay[] | null = null;
  let answered = false;

  const mediaBy = async (ways: () => MediaWay[]): Promise<MediaCounters | null> => {
    mediaWays ??= ways();
    for (const way of [...mediaWays]) {
      const media = await way();
      if (media !== null) {
        mediaWays = [way];
        answered = true;
      }
      // The way that answered once stays: logs count differently, and one failed command is no end.
      if (answered) return media;
      mediaWays = mediaWays.filter((w) => w !== way);
    }
    return null;
  };

  const byAdmin = async (admin: NvmeAdmin): Promise<DriveReading | DriveFailure> => {
    const answer = await admin.logPage(device, LOG_PAGES.health);
    if (!("bytes" in answer)) return answer;
    return {
      health: decodeHealthLog(answer.bytes),
      media: await mediaBy(() => adminMedia(device, admin)),
      powerState: await admin.powerState(device),
      via: "ioctl",
      warning: null,
    };
  };

  const byNvmeCli = async (): Promise<DriveReading | DriveFailure | null> => {
    const ran = await runTool(["nvme", "smart-log", path, "-o", "json"], LIMIT);
    if (ran.startError !== null) return null;
    try {
      const health = parseNvmeSmartLog(ran.stdout, `nvme smart-log ${path}`);
      const media = await mediaBy(() => toolMedia(device));
      return { health, media, powerState: null, via: "nvme-cli", warning: null };
    } catch (error) {
      const said = ran.stderr.trim().split("\n")[0] || messageOf(error);
      return { problem: said, denied: /permission denied/i.test(said) };
    }
  };

  const bySmartctl = async (): Promise<DriveReading | DriveFailure | null> => {
    const ran = await runTool(["smartctl", "--json", "-a", path], LIMIT);
    if (ran.startError !== null) return null;
    try {
      const { health, problems } = readSmartctl(ran.stdout, `smartctl ${path}`);
      const said = problems.length === 0 ? null : problems.join("; ");
      if (health !== null) {
        return { health, media: null, powerState: null, via: "smartctl", warning: said };
      }
      const problem = said ?? `${path} gives no health log`;
      return { problem, denied: /permission denied/i.test(problem) };
    } catch (error) {
      return { problem: messageOf(error), denied: false };
    }
  };

  return {
    read: async () => {
      const failures: DriveFailure[] = [];
      for (const way of [admin === null ? null : () => byAdmin(admin), byNvmeCli, bySmartctl]) {
        const found = way === null ? null : await way();
        if (found === null) continue;
        if ("health" in found) return found;
        failures.push(found);
      }
      return failures.find((f) => f.denied) ?? failures[0] ??
        { problem: "neither nvme-cli nor smartctl is installed", denied: false };
    },
  };
}
