import { createLinkNetwork, type LinkSpec, type RouteSpec } from "../shared/link_network.ts";
import { createMinHeap } from "../shared/min_heap.ts";
import type { Machine } from "./machine.ts";

export type TaskKind =
  | "forward"
  | "backward"
  | "recompute"
  | "update"
  | "upload"
  | "download"
  | "collective"
  | "ssd read"
  | "ssd write";

/** Kinds that keep a GPU's processors busy. */
export function isCompute(kind: TaskKind): boolean {
  return kind === "forward" || kind === "backward" || kind === "recompute";
}

/** One piece of a step. Tasks of a lane run one after the other, in the order they were added. */
export interface Task {
  readonly name: string;
  readonly kind: TaskKind;
  readonly lane: string;
  /** GPU it belongs to; -1 for the host. */
  readonly gpu: number;
  /** Fixed time; absent for transfers, whose time the links decide. */
  readonly seconds?: number;
  readonly route?: number;
  readonly bytes: number;
  /** Indices of tasks that must have ended. */
  readonly after: readonly number[];
}

/** When every task ran. Arrays are indexed by task. */
export interface Timeline {
  readonly tasks: readonly Task[];
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly seconds: number;
}

/** Collects tasks; `add` returns the index that later tasks name in `after`. */
export interface TaskList {
  readonly tasks: readonly Task[];
  compute(gpu: number, kind: TaskKind, name: string, seconds: number, after: number[]): number;
  /** A transfer of zero bytes ends at once but keeps its order. */
  transfer(
    way: "upload" | "download" | "ssd read" | "ssd write",
    gpu: number,
    name: string,
    bytes: number,
    after: number[],
  ): number;
  /** Sends to other GPUs and receives as much; exchanges of another `queue` do not wait for each other. */
  exchange(gpu: number, name: string, bytes: number, after: number[], queue?: string): number;
  /** Host work: the optimizer's update. */
  host(name: string, seconds: number, after: number[]): number;
}

const WAYS = ["upload", "download", "peer"] as const;

/** Route of a GPU: three a GPU, then the drives'. */
function routeOf(way: "upload" | "download" | "peer", gpu: number): number {
  return WAYS.length * gpu + WAYS.indexOf(way);
}

export function createTaskList(machine: Machine): TaskList {
  const tasks: Task[] = [];
  const add = (task: Task): number => tasks.push(task) - 1;
  const drives = WAYS.length * machine.gpus;
  return {
    tasks,
    compute: (gpu, kind, name, seconds, after) =>
      add({ name, kind, lane: `GPU ${gpu} compute`, gpu, seconds, bytes: 0, after }),
    transfer(way, gpu, name, bytes, after) {
      const host = way === "ssd read" || way === "ssd write";
      const route = host ? drives + (way === "ssd read" ? 0 : 1) : routeOf(way, gpu);
      const lane = host ? way : `GPU ${gpu} ${way}`;
      return add({ name, kind: way, lane, gpu: host ? -1 : gpu, route, bytes, after });
    },
    exchange: (gpu, name, bytes, after, queue) =>
      add({
        name,
        kind: "collective",
        lane: `GPU ${gpu} peer${queue === undefined ? "" : ` ${queue}`}`,
        gpu,
        route: routeOf("peer", gpu),
        bytes,
        after,
      }),
    host: (name, seconds, after) =>
      add({ name, kind: "update", lane: "CPU", gpu: -1, seconds, bytes: 0, after }),
  };
}

/** A bandwidth no link limits: large enough that no transfer is seen to take time. */
const UNLIMITED = 1e30;

/**
 * The links of a server: each GPU's host link in both directions, the root complexes, host memory, the drives,
 * and links between GPUs where they have some. Exchanges over host links cross both directions at once.
 */
export function linksOf(machine: Machine): { links: LinkSpec[]; routes: RouteSpec[] } {
  const links: LinkSpec[] = [];
  const routes: RouteSpec[] = [];
  const finite = (rate: number) => Number.isFinite(rate) ? rate : UNLIMITED;
  const { duplexFactor, latencySeconds } = machine;
  const roots = machine.gpus === 0 ? 0 : 1 + Math.max(...machine.roots);
  for (let g = 0; g < machine.gpus; g++) {
    const up = links.length;
    links.push(
      {
        name: `GPU ${g} upload`,
        bytesPerSecond: finite(machine.uploadBytesPerSecond),
        opposite: up + 1,
        duplexFactor,
      },
      {
        name: `GPU ${g} download`,
        bytesPerSecond: finite(machine.downloadBytesPerSecond),
        opposite: up,
        duplexFactor,
      },
      { name: `GPU ${g} peer`, bytesPerSecond: finite(machine.peerBytesPerSecond) },
    );
  }
  const firstRoot = links.length;
  const bounded = Number.isFinite(machine.rootBytesPerSecond);
  if (bounded) {
    for (let r = 0; r < roots; r++) {
      links.push(
        { name: `root ${r} down to GPUs`, bytesPerSecond: machine.rootBytesPerSecond },
        { name: `root ${r} up from GPUs`, bytesPerSecond: machine.rootBytesPerSecond },
      );
    }
  }
  const dram = links.length;
  const limitedDram = Number.isFinite(machine.dramBytesPerSecond);
  if (limitedDram) links.push({ name: "host memory", bytesPerSecond: machine.dramBytesPerSecond });
  const memory = limitedDram ? [{ link: dram, weight: 1 }] : [];
  const rootLink = (gpu: number, direction: 0 | 1) =>
    bounded ? [{ link: firstRoot + 2 * machine.roots[gpu] + direction, weight: 1 }] : [];
  const route = (name: string, at: RouteSpec["links"]): RouteSpec => ({
    name,
    links: at,
    latencySeconds,
    descriptorSeconds: 0,
  });
  for (let g = 0; g < machine.gpus; g++) {
    const [up, down, peer] = [3 * g, 3 * g + 1, 3 * g + 2];
    const upload = [{ link: up, weight: 1 }, ...rootLink(g, 0)];
    const download = [{ link: down, weight: 1 }, ...rootLink(g, 1)];
    routes.push(
      route(`host to GPU ${g}`, [...upload, ...memory]),
      route(`GPU ${g} to host`, [...download, ...memory]),
      route(
        `GPU ${g} exchange`,
        machine.peerOverHost ? [...upload, ...download] : [{ link: peer, weight: 1 }],
      ),
    );
  }
  const ssd = links.length;
  links.push(
    { name: "ssd read", bytesPerSecond: machine.ssdReadBytesPerSecond || 1 },
    { name: "ssd write", bytesPerSecond: machine.ssdWriteBytesPerSecond || 1 },
  );
  routes.push(
    route("drives to host", [{ link: ssd, weight: 1 }, ...memory]),
    route("host to drives", [{ link: ssd + 1, weight: 1 }, ...memory]),
  );
  return { links, routes };
}

/**
 * Runs the tasks: each starts as soon as its lane is free and what it waits for has ended; transfers in flight
 * share the links max-min fairly. Deterministic.
 *
 * @throws Error when tasks wait for each other in a circle: a policy's mistake.
 */
export function runTasks(machine: Machine, tasks: readonly Task[]): Timeline {
  const { links, routes } = linksOf(machine);
  const network = createLinkNetwork(links, routes);
  const count = tasks.length;
  const start = new Float64Array(count).fill(NaN);
  const end = new Float64Array(count).fill(NaN);
  const waits = Int32Array.from(tasks, (t) => t.after.length);
  const followers: number[][] = tasks.map(() => []);
  tasks.forEach((t, i) => t.after.forEach((a) => followers[a].push(i)));
  const lanes = new Map<string, number[]>();
  tasks.forEach((t, i) => {
    const lane = lanes.get(t.lane);
    if (lane === undefined) lanes.set(t.lane, [i]);
    else lane.push(i);
  });
  const laneAt = new Map<string, number>([...lanes.keys()].map((name) => [name, 0]));
  const laneBusy = new Set<string>();
  const timed = createMinHeap();
  // Transfers in flight: task and the network's number of it.
  const flying = new Map<number, number>();
  let now = 0;
  let done = 0;

  const finish = (task: number, at: number): void => {
    end[task] = at;
    done++;
    laneBusy.delete(tasks[task].lane);
    laneAt.set(tasks[task].lane, laneAt.get(tasks[task].lane)! + 1);
    for (const f of followers[task]) waits[f]--;
  };
  const startReady = (lane: string): boolean => {
    const index = lanes.get(lane)![laneAt.get(lane)!];
    if (index === undefined || laneBusy.has(lane) || waits[index] > 0) return false;
    const task = tasks[index];
    start[index] = now;
    laneBusy.add(lane);
    if (task.route === undefined) timed.push(now + (task.seconds ?? 0), index);
    else if (task.bytes === 0) timed.push(now, index);
    else flying.set(index, network.start(task.route, task.bytes, 1, now));
    return true;
  };
  let dirty = [...lanes.keys()];
  while (done < count) {
    for (const lane of dirty) startReady(lane);
    dirty = [];
    let next = timed.peekKey();
    let transfer = -1;
    for (const [task, number] of flying) {
      const at = network.endSeconds(number);
      if (at < next) {
        next = at;
        transfer = task;
      }
    }
    if (!Number.isFinite(next)) throw new Error("tasks of a step wait for each other");
    now = Math.max(now, next);
    network.advance(now);
    const ended = transfer >= 0 ? transfer : timed.pop();
    if (transfer >= 0) {
      network.release(flying.get(transfer)!);
      flying.delete(transfer);
    }
    finish(ended, now);
    dirty.push(tasks[ended].lane, ...followers[ended].map((f) => tasks[f].lane));
  }
  return { tasks, start, end, seconds: end.reduce((latest, e) => Math.max(latest, e), 0) };
}
