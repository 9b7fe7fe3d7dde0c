import { linearProgram, type LinearTerm } from "../../../model/linear_program.ts";
import type { StepLayer, StepProfile } from "../../../model/step_profile.ts";
import type { PlanMachine } from "./residence.ts";

interface Row {
  readonly terms: readonly LinearTerm[];
  readonly sense: "<=" | ">=" | "=";
  readonly value: number;
}

/** `a >= b + ...`: the terms of `a` minus those of `b`. */
function atLeast(left: readonly LinearTerm[], right: readonly LinearTerm[], value = 0): Row {
  return {
    terms: [...left, ...right.map(([c, name]): LinearTerm => [-c, name])],
    sense: ">=",
    value,
  };
}

/**
 * The integer program of a swapped pipeline with exactly `stages` stages, in CPLEX LP format: which layer is in
 * which stage (`B_i_j`), when each forward and backward pass of a micro-batch starts (`f_j_m`, `b_j_m`), when
 * loads end, how much is prefetched, so that the last backward pass ends first. Its earliest times are those of
 * `planSeconds` for the same partition. Bytes are in units of a GPU's memory.
 *
 * @param below Only plans of at most so many seconds: when there is none, a known plan is proved optimal.
 */
export function pipelineProgram(
  step: StepProfile,
  recompute: boolean,
  machine: PlanMachine,
  stages: number,
  below = Infinity,
): string {
  const { layers, microBatches: micro } = step;
  const n = layers.length;
  const unit = machine.memoryBytes;
  const up = machine.uploadBytesPerSecond / unit;
  const down = machine.downloadBytesPerSecond / unit;
  const peer = machine.peerBytesPerSecond / unit;
  const rows: Row[] = [];
  const each = (count: number) => Array.from({ length: count }, (_, i) => i);
  const B = (i: number, j: number) => `B_${i}_${j}`;
  const sum = (name: string, j: number, pick: (l: StepLayer) => number): void => {
    rows.push({
      terms: [[-1, `${name}_${j}`], ...layers.map((l, i): LinearTerm => [pick(l), B(i, j)])],
      sense: "=",
      value: 0,
    });
  };
  for (const i of each(n)) {
    rows.push({ terms: each(stages).map((j) => [1, B(i, j)]), sense: "=", value: 1 });
  }
  for (const j of each(stages)) {
    rows.push({ terms: each(n).map((i) => [1, B(i, j)]), sense: ">=", value: 1 });
    // Contiguous and in order: a layer is never in an earlier stage than the layer before it.
    for (const i of each(n - 1)) {
      const upTo = (layer: number) => each(j + 1).map((k): LinearTerm => [1, B(layer, k)]);
      rows.push(atLeast(upTo(i), upTo(i + 1)));
    }
    sum("F", j, (l) => l.forwardSeconds);
    sum("W", j, (l) => l.backwardSeconds + (recompute ? l.forwardSeconds : 0));
    sum("P", j, (l) => l.parameterBytes / unit);
    sum("G", j, (l) => l.gradientBytes / unit);
    sum("K", j, (l) => l.activationBytes / unit);
    // The input of a stage is that of its first layer: Z marks it.
    for (const i of each(n).slice(1)) {
      rows.push(atLeast([[1, `Z_${i}_${j}`]], [[1, B(i, j)], [-1, B(i - 1, j)]]));
    }
    rows.push({
      terms: [
        [-1, `A_${j}`],
        [layers[0].inputBytes / unit, B(0, j)],
        ...each(n).slice(1).map((i): LinearTerm => [layers[i].inputBytes / unit, `Z_${i}_${j}`]),
      ],
      sense: "=",
      value: 0,
    });
  }
  const hop = (j: number): LinearTerm[] =>
    machine.gpus > 1 && Number.isFinite(peer) ? [[1 / peer, `A_${j}`]] : [];
  for (const j of each(stages)) {
    for (const m of each(micro)) {
      const [f, b] = [`f_${j}_${m}`, `b_${j}_${m}`];
      if (m > 0) {
        rows.push(atLeast([[1, f]], [[1, `f_${j}_${m - 1}`], [1, `F_${j}`]]));
        rows.push(atLeast([[1, b]], [[1, `b_${j}_${m - 1}`], [1, `W_${j}`]]));
      }
      if (j > 0) {
        rows.push(atLeast([[1, f]], [[1, `f_${j - 1}_${m}`], [1, `F_${j - 1}`], ...hop(j)]));
      }
      if (j < stages - 1) {
        rows.push(atLeast([[1, b]], [[1, `b_${j + 1}_${m}`], [1, `W_${j + 1}`], ...hop(j + 1)]));
      } else {
        rows.push(atLeast([[1, b]], [[1, `f_${j}_${m}`], [1, `F_${j}`]]));
      }
    }
  }
  for (const g of each(Math.min(machine.gpus, stages))) {
    addGpu(rows, g, stages, machine.gpus, micro, { up, down });
  }
  rows.push(atLeast([[1, "T"]], [[1, `b_0_${micro - 1}`], [1, "W_0"]]));
  if (Number.isFinite(below)) rows.push({ terms: [[1, "T"]], sense: "<=", value: below });
  return linearProgram({
    minimize: [[1, "T"]],
    rows,
    binaries: each(n).flatMap((i) => each(stages).map((j) => B(i, j))),
  });
}

interface Visit {
  readonly stage: number;
  readonly forward: boolean;
  readonly backward: boolean;
}

function visitsOf(gpu: number, stages: number, gpus: number): Visit[] {
  const own: number[] = [];
  for (let j = gpu; j < stages; j += gpus) own.push(j);
  const turn = own.at(-1)!;
  const others = own.slice(0, -1);
  return [
    ...others.map((stage) => ({ stage, forward: true, backward: false })),
    { stage: turn, forward: true, backward: true },
    ...others.reverse().map((stage) => ({ stage, forward: false, backward: true })),
  ];
}

/** Loads, memory and returns of one GPU: a row for each `max` of `planSeconds`. */
function addGpu(
  rows: Row[],
  g: number,
  stages: number,
  gpus: number,
  micro: number,
  rate: { readonly up: number; readonly down: number },
): void {
  const list = visitsOf(g, stages, gpus);
  const loadEnd = (r: number): LinearTerm => [1, `L_${g}_${r}`];
  const returned = (r: number): LinearTerm => [1, `D_${g}_${r}`];
  const runEnd = (r: number): LinearTerm[] => {
    const { stage, backward } = list[r];
    return backward
      ? [[1, `b_${stage}_${micro - 1}`], [1, `W_${stage}`]]
      : [[1, `f_${stage}_${micro - 1}`], [1, `F_${stage}`]];
  };
  const times = (factor: number, terms: readonly LinearTerm[]): LinearTerm[] =>
    terms.map(([c, name]) => [factor * c, name]);
  const linger = (r: number): LinearTerm[] =>
    list[r].backward ? [[1, `G_${list[r].stage}`]] : [[micro, `A_${list[r].stage}`]];
  const hold = (r: number): LinearTerm[] => {
    const { stage, backward } = list[r];
    return [
      [1, `P_${stage}`],
      [1, `K_${stage}`],
      [micro, `A_${stage}`],
      ...(backward ? [[1, `G_${stage}`] as LinearTerm] : []),
    ];
  };
  list.forEach(({ stage, forward }, r) => {
    const load: LinearTerm[] = [
      [1, `P_${stage}`],
      ...(forward ? [] : [[micro, `A_${stage}`] as LinearTerm]),
    ];
    const first: LinearTerm = [1, forward ? `f_${stage}_0` : `b_${stage}_0`];
    rows.push(atLeast([first], [loadEnd(r)]));
    // At the turn a GPU ends all forward passes of its last stage before it goes back.
    if (list[r].forward && list[r].backward) {
      rows.push(
        atLeast([[1, `b_${stage}_0`]], [[1, `f_${stage}_${micro - 1}`], [1, `F_${stage}`]]),
      );
    }
    rows.push({
      terms: [...hold(r), ...(r > 0 ? linger(r - 1) : [])],
      sense: "<=",
      value: 1,
    });
    if (r === 0) {
      rows.push(atLeast([loadEnd(r)], times(1 / rate.up, load)));
    } else {
      const early: LinearTerm = [1, `X_${g}_${r}`];
      rows.push(atLeast([first], runEnd(r - 1)));
      rows.push(atLeast([loadEnd(r)], [loadEnd(r - 1), ...times(1 / rate.up, load)]));
      if (r >= 2) {
        rows.push(atLeast([loadEnd(r)], [...runEnd(r - 2), ...times(1 / rate.up, load)]));
        rows.push(atLeast([first], [returned(r - 2)]));
      }
      rows.push(atLeast(load, [early]));
      rows.push({
        terms: [early, ...hold(r - 1), ...(r >= 2 ? linger(r - 2) : [])],
        sense: "<=",
        value: 1,
      });
      rows.push(
        atLeast([loadEnd(r), [1 / rate.up, `X_${g}_${r}`]], [
          ...runEnd(r - 1),
          ...times(1 / rate.up, load),
        ]),
      );
    }
    const back = times(1 / rate.down, linger(r));
    rows.push(atLeast([returned(r)], [...runEnd(r), ...back]));
    if (r > 0) rows.push(atLeast([returned(r)], [returned(r - 1), ...back]));
  });
}
