import type { Machine } from "../machine.ts";
import { createTaskList, type Task } from "../task_graph.ts";
import { prefetchBytes, type Residence, residencesOf, type Stage } from "./residence.ts";

export interface PipelineOptions {
  readonly microBatches: number;
  /** GPU of each slot: stage `j` runs on `gpuOfSlot[j mod N]`. */
  readonly gpuOfSlot: readonly number[];
  /** Whether the next stage is loaded while the current one runs. */
  readonly prefetch: boolean;
}

/** The tasks of one step of a pipeline whose stages are swapped between host and GPUs. */
export function pipelineTasks(
  stages: readonly Stage[],
  machine: Machine,
  options: PipelineOptions,
): readonly Task[] {
  const { microBatches: micro, gpuOfSlot } = options;
  const slots = Math.min(gpuOfSlot.length, stages.length);
  const list = createTaskList(machine);
  const residences = Array.from(
    { length: slots },
    (_, s) => residencesOf(stages, gpuOfSlot.length, s, micro),
  );
  const at = new Int32Array(slots);
  // Of each slot and residence: tasks that end its load, its run, its return.
  const loaded: number[][] = residences.map(() => []);
  const ran: number[][] = residences.map(() => []);
  const returned: number[][] = residences.map(() => []);
  const known = (tasks: readonly number[], r: number): number[] => r < 0 ? [] : [tasks[r]];
  const nameOf = (r: Residence) => `stage ${r.stage}`;

  const load = (slot: number): number[] => {
    const r = at[slot];
    const mine = residences[slot];
    const { loadBytes } = mine[r];
    const gpu = gpuOfSlot[slot];
    const early = r === 0
      ? loadBytes
      : options.prefetch
      ? prefetchBytes(mine, r, machine.memoryBytes)
      : 0;
    const name = `load ${nameOf(mine[r])}`;
    let last: number | null = null;
    if (early > 0) {
      const free = [...known(loaded[slot], r - 1), ...known(ran[slot], r - 2)];
      last = list.transfer("upload", gpu, r === 0 ? name : `pre${name}`, early, free);
    }
    if (early < loadBytes) {
      const free = [...known(ran[slot], r - 1), ...(last === null ? [] : [last])];
      last = list.transfer("upload", gpu, name, loadBytes - early, free);
    }
    loaded[slot][r] = last ?? list.transfer("upload", gpu, name, 0, known(ran[slot], r - 1));
    return [loaded[slot][r], ...known(returned[slot], r - 2)];
  };
  const leave = (slot: number, last: number): void => {
    const r = at[slot]++;
    const { stage, backward, returnBytes } = residences[slot][r];
    ran[slot][r] = last;
    const gpu = gpuOfSlot[slot];
    const what = backward ? "gradients" : "inputs";
    const back = list.transfer(
      "download",
      gpu,
      `${what} of stage ${stage}`,
      returnBytes,
      [last],
    );
    returned[slot][r] = back;
    if (!backward || stages[stage].parameters === 0) return;
    const seconds = stages[stage].parameters / machine.cpuUpdatesPerSecond;
    list.host(`update stage ${stage}`, seconds, [back]);
  };
  const send = (from: number, bytes: number, name: string, after: number): number[] =>
    slots > 1 && bytes > 0 && Number.isFinite(machine.peerBytesPerSecond)
      ? [list.exchange(gpuOfSlot[from], name, bytes, [after])]
      : [after];

  const passes: { forward: number[][]; backward: number[][] } = { forward: [], backward: [] };
  stages.forEach((stage, j) => {
    const slot = j % gpuOfSlot.length;
    const gpu = gpuOfSlot[slot];
    const ready = load(slot);
    const tasks: number[] = [];
    for (let m = 0; m < micro; m++) {
      const input = j === 0 ? [] : send(
        (j - 1) % gpuOfSlot.length,
        stage.inputBytes,
        `activation ${j - 1} to ${j}`,
        passes.forward[j - 1][m],
      );
      tasks.push(
        list.compute(gpu, "forward", `F${j}.${m}`, stage.forwardSeconds, [...ready, ...input]),
      );
    }
    passes.forward.push(tasks);
    if (!residences[slot][at[slot]].backward) leave(slot, tasks.at(-1)!);
  });
  for (let j = stages.length - 1; j >= 0; j--) {
    const slot = j % gpuOfSlot.length;
    const gpu = gpuOfSlot[slot];
    const ready = residences[slot][at[slot]].forward ? [passes.forward[j].at(-1)!] : load(slot);
    const tasks: number[] = [];
    for (let m = 0; m < micro; m++) {
      const input = j === stages.length - 1 ? [passes.forward[j][m]] : send(
        (j + 1) % gpuOfSlot.length,
        stages[j + 1].inputBytes,
        `gradient ${j + 1} to ${j}`,
        passes.backward[j + 1][m],
      );
      tasks.push(
        list.compute(gpu, "backward", `B${j}.${m}`, stages[j].backwardSeconds, [
          ...ready,
          ...input,
        ]),
      );
    }
    passes.backward[j] = tasks;
    leave(slot, tasks.at(-1)!);
  }
  return list.tasks;
}
