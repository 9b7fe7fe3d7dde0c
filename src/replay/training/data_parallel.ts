import type { StepProfile } from "../../model/step_profile.ts";
import type { Machine } from "./machine.ts";
import { microBatchesPerGpu, type StateLayout } from "./sizing.ts";
import { createTaskList, type Task, type TaskList } from "./task_graph.ts";

/** A data-parallel step: every GPU runs all layers on its share of the micro-batches, layer by layer. */
export interface DataParallelStep {
  readonly step: StepProfile;
  readonly machine: Machine;
  readonly layout: StateLayout;
}

interface Builder extends DataParallelStep {
  readonly list: TaskList;
  readonly gpus: readonly number[];
  /** Exchanges that may overtake the others queue by themselves. */
  readonly queue?: string;
}

/** Sends `bytes` from every GPU to the others at once; one GPU alone has nobody to send to. */
function collective(b: Builder, name: string, bytes: number, after: readonly number[]): number[] {
  if (b.gpus.length === 1) return [...after];
  return b.gpus.map((g) => b.list.exchange(g, name, bytes, [...after], b.queue));
}

/** Brings the weights of a layer to every GPU, not before `free` (room in the buffers). */
function gather(b: Builder, layer: number, pass: string, free: readonly number[]): number[] {
  const { layout, list } = b;
  if (layout.weights === "replicated") return [];
  const n = b.gpus.length;
  const bytes = b.step.layers[layer].parameterBytes;
  const name = `weights ${layer} ${pass}`;
  let parts: number[] = [...free];
  if (layout.home !== "gpu") {
    const read = layout.home === "ssd"
      ? [list.transfer("ssd read", -1, name, bytes, [...free])]
      : free;
    parts = b.gpus.map((g) => list.transfer("upload", g, name, bytes / n, [...read]));
  }
  return collective(b, name, bytes * (n - 1) / n, parts);
}

/** Tasks of the backward pass's end: gradients are summed over the GPUs, the CPU's share goes to the host. */
function reduce(b: Builder, layer: number, after: readonly number[]): number[] {
  const n = b.gpus.length;
  const bytes = b.step.layers[layer].gradientBytes;
  if (bytes === 0) return [...after];
  const once = bytes * (n - 1) / n;
  const summed = collective(
    b,
    `gradients ${layer}`,
    b.layout.states === "partitioned" ? once : 2 * once,
    after,
  );
  if (b.layout.cpuShare === 0) return summed;
  return b.gpus.map((g) =>
    b.list.transfer(
      "download",
      g,
      `gradients ${layer}`,
      b.layout.cpuShare * bytes / n,
      [...summed],
    )
  );
}

/**
 * The GPUs' share of the update, at once; who updates a part of weights that all hold sends it to the others.
 * Returns the tasks after which the weights are new.
 */
function gpuUpdate(
  b: Builder,
  gradients: readonly number[],
  suffix: string,
): readonly number[] {
  const { layout, list, machine, step } = b;
  const n = b.gpus.length;
  const own = 1 - layout.cpuShare;
  const part = layout.states === "partitioned" ? 1 / n : 1;
  const parameters = step.layers.reduce((sum, l) => sum + l.parameters, 0);
  if (own === 0 || parameters === 0) return gradients;
  const seconds = own * part * parameters / machine.gpuUpdatesPerSecond;
  const name = `update ${suffix}`.trimEnd();
  const done = b.gpus.map((g) => list.compute(g, "update", name, seconds, [...gradients]));
  if (layout.weights !== "replicated" || layout.states !== "partitioned") return done;
  const bytes = step.layers.reduce((sum, l) => sum + l.parameterBytes, 0);
  return collective(b, `updated weights ${suffix}`.trimEnd(), own * bytes * (n - 1) / n, done);
}

function cpuUpdate(b: Builder, gradients: readonly number[]): void {
  const { layout, list, machine, step } = b;
  const n = b.gpus.length;
  step.layers.forEach((l, i) => {
    if (l.parameters === 0) return;
    const share = layout.cpuShare;
    const state = share * l.optimizerBytes;
    const name = `states ${i}`;
    const read = layout.optimizerOnSsd
      ? [list.transfer("ssd read", -1, name, state, [...gradients])]
      : gradients;
    const seconds = share * l.parameters / machine.cpuUpdatesPerSecond;
    const done = list.host(`update ${i}`, seconds, [...read]);
    if (layout.optimizerOnSsd) list.transfer("ssd write", -1, name, state, [done]);
    if (layout.weights === "partitioned") {
      if (layout.home === "ssd") {
        list.transfer("ssd write", -1, `weights ${i}`, l.parameterBytes, [done]);
      }
      return;
    }
    const parts = b.gpus.map((g) =>
      list.transfer("upload", g, `updated weights ${i}`, share * l.parameterBytes / n, [done])
    );
    collective(b, `updated weights ${i}`, share * l.parameterBytes * (n - 1) / n, parts);
  });
}

/**
 * Forward and backward pass of the GPUs' micro-batches; returns the tasks after which all gradients are where
 * they are updated.
 */
function passes(b: Builder, after: readonly number[]): number[] {
  const { step, list, layout } = b;
  const micro = microBatchesPerGpu(step, b.gpus.length);
  const count = step.layers.length;
  const work: number[][] = [];
  let ran: number[] = [...after];
  const buffered = () => work.at(-layout.buffers) ?? after;
  for (let i = 0; i < count; i++) {
    const ready = gather(b, i, "forward", buffered());
    ran = b.gpus.map((g, k) =>
      list.compute(g, "forward", `F${i}`, micro * step.layers[i].forwardSeconds, [
        ...waitOf(ready, k, b.gpus.length),
        ...waitOf(ran, k, b.gpus.length),
      ])
    );
    work.push(ran);
  }
  const gradients: number[] = [];
  for (let i = count - 1; i >= 0; i--) {
    const l = step.layers[i];
    const ready = i === count - 1 ? [] : gather(b, i, "backward", buffered());
    ran = b.gpus.map((g, k) => {
      const waits = [...waitOf(ready, k, b.gpus.length), ...waitOf(ran, k, b.gpus.length)];
      const again = layout.recompute(i) && l.forwardSeconds > 0
        ? [list.compute(g, "recompute", `R${i}`, micro * l.forwardSeconds, waits)]
        : waits;
      return list.compute(g, "backward", `B${i}`, micro * l.backwardSeconds, again);
    });
    work.push(ran);
    gradients.push(...reduce(b, i, ran));
  }
  return [...new Set(gradients)];
}

/** One task a GPU where there are so many, else all of them. */
function waitOf(tasks: readonly number[], k: number, gpus: number): readonly number[] {
  return tasks.length === gpus ? [tasks[k]] : tasks;
}

/** The tasks of one step. */
export function dataParallelTasks(plan: DataParallelStep): readonly Task[] {
  const list = createTaskList(plan.machine);
  const gpus = Array.from({ length: plan.machine.gpus }, (_, g) => g);
  const b: Builder = { ...plan, list, gpus };
  // On the CPU the update runs layer by layer, through the drives where the state lies there.
  const gradients = passes(b, []);
  gpuUpdate(b, gradients, "");
  if (plan.layout.cpuShare > 0) cpuUpdate(b, gradients);
  return list.tasks;
}

/**
 * `steps` steps whose CPU update of the round before runs beside them (ZenFlow): the GPUs update their selected
 * share every step, the host updates the rest once a round and sends the weights back.
 */
export function asynchronousTasks(plan: DataParallelStep, steps: number): readonly Task[] {
  const list = createTaskList(plan.machine);
  const gpus = Array.from({ length: plan.machine.gpus }, (_, g) => g);
  const b: Builder = { ...plan, list, gpus };
  cpuUpdate({ ...b, queue: "asynchronous" }, []);
  let before: readonly number[] = [];
  for (let s = 0; s < steps; s++) before = gpuUpdate(b, passes(b, before), `selected ${s}`);
  return list.tasks;
}
