import { type ChildProcess, spawn } from "node:child_process";
import { dataError } from "../../model/errors.ts";
import { scriptCommand } from "../../runtime/self.ts";
import { damageOf, durableIterations } from "./checkpoint_store.ts";

export interface TrainerOptions {
  readonly folder: string;
  readonly stateBytes: number;
  readonly iterationMs: number;
  readonly every: number;
  /** 0 trains until killed. */
  readonly iterations: number;
  /** False trains alike without saving: what saving costs is the difference. */
  readonly save?: boolean;
}

/** What a trainer said while it lived. */
export interface TrainerLog {
  readonly startedAt: number;
  /** Newest iteration that it finished, and seconds from its start to its end or its kill. */
  readonly reached: number;
  readonly trainedSeconds: number;
  /** Newest iteration it reported durable; 0 when none. */
  readonly durable: number;
  readonly blockSeconds: readonly number[];
  readonly persistSeconds: readonly number[];
  /** Seconds of the whole training; null when it was killed. */
  readonly doneSeconds: number | null;
}

/**
 * Runs a trainer, killing it with SIGKILL some milliseconds after it started to train.
 *
 * @param killAfterMs null lets it end by itself.
 */
export function runTrainer(
  options: TrainerOptions,
  killAfterMs: number | null,
): Promise<TrainerLog> {
  const [program, ...first] = scriptCommand(new URL("./trainer_main.ts", import.meta.url).href);
  const { folder, stateBytes, iterationMs, every, iterations, save = true } = options;
  const numbers = [stateBytes, iterationMs, every, iterations, save ? 1 : 0].map(String);
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(program, [...first, folder, ...numbers], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let errors = "";
    let startedAt = -1;
    let reached = 0;
    let startedMs = 0;
    let durable = 0;
    let doneSeconds: number | null = null;
    const blockSeconds: number[] = [];
    const persistSeconds: number[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = (line: string): void => {
      const [word, a, b] = line.split(" ");
      if (word === "start") {
        startedAt = Number(a);
        reached = startedAt;
        startedMs = performance.now();
        if (killAfterMs !== null) timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
      } else if (word === "at") reached = Number(a);
      else if (word === "blocked") blockSeconds.push(Number(a));
      else if (word === "durable") {
        durable = Number(a);
        persistSeconds.push(Number(b));
      } else if (word === "done") doneSeconds = Number(b);
    };
    child.stdout!.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      lines.forEach(read);
    });
    child.stderr!.setEncoding("utf8").on("data", (piece: string) => errors += piece);
    let endedMs = 0;
    child.on("error", reject);
    child.on("exit", () => endedMs = performance.now());
    child.on("close", (code) => {
      clearTimeout(timer);
      if (startedAt < 0 || (killAfterMs === null && code !== 0)) {
        reject(dataError(`the trainer ended with ${code} by itself: ${errors.slice(0, 300)}`));
        return;
      }
      const trainedSeconds = (endedMs - startedMs) / 1000;
      resolve({
        startedAt,
        reached,
        trainedSeconds,
        durable,
        blockSeconds,
        persistSeconds,
        doneSeconds,
      });
    });
  });
}

export interface KillReport {
  readonly kills: number;
  /** Checkpoints whose header, checksum and content were read back and compared. */
  readonly verified: number;
  readonly newest: number;
  readonly blockSeconds: readonly number[];
  readonly persistSeconds: readonly number[];
  /** Of each life: the iteration it resumed from, the one it reached, and how long it trained. */
  readonly resumedFrom: readonly number[];
  readonly reached: readonly number[];
  readonly trainedSeconds: readonly number[];
}

/**
 * Kills trainers at random points and checks after each kill that every checkpoint with a final name is
 * intact, that the newest is at least the one last reported durable, and that the next trainer resumes there.
 *
 * @param killAfterMs Draws when to kill, milliseconds after the start of training.
 * @throws data error for the first checkpoint that is damaged, missing or older than reported.
 */
export async function killLoop(
  options: TrainerOptions,
  kills: number,
  killAfterMs: () => number,
  onKill: (done: number) => void = () => {},
): Promise<KillReport> {
  let expected = 0;
  let verified = 0;
  const blockSeconds: number[] = [];
  const persistSeconds: number[] = [];
  const resumedFrom: number[] = [];
  const reached: number[] = [];
  const trainedSeconds: number[] = [];
  for (let i = 0; i < kills; i++) {
    const log = await runTrainer({ ...options, iterations: 0 }, killAfterMs());
    if (log.startedAt !== expected) {
      throw dataError(
        `kill ${i}: training resumed from iteration ${log.startedAt}, the newest durable was ${expected}`,
      );
    }
    resumedFrom.push(log.startedAt);
    reached.push(log.reached);
    trainedSeconds.push(log.trainedSeconds);
    blockSeconds.push(...log.blockSeconds);
    persistSeconds.push(...log.persistSeconds);
    const there = durableIterations(options.folder);
    for (const iteration of there) {
      const damage = damageOf(options.folder, iteration, options.stateBytes);
      if (damage !== null) {
        throw dataError(`kill ${i}: checkpoint of iteration ${iteration} is damaged: ${damage}`);
      }
      verified++;
    }
    expected = there[0] ?? 0;
    const reported = Math.max(log.durable, log.startedAt);
    if (expected < reported) {
      throw dataError(
        `kill ${i}: iteration ${reported} was reported durable, but the newest there is ${expected}`,
      );
    }
    onKill(i + 1);
  }
  return {
    kills,
    verified,
    newest: expected,
    blockSeconds,
    persistSeconds,
    resumedFrom,
    reached,
    trainedSeconds,
  };
}
