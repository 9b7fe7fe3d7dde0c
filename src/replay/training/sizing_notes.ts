import { metric, type Metrics } from "../../model/metric.ts";
import type { StepModel, StepProfile } from "../../model/step_profile.ts";
import {
  activationBytesWithoutScores,
  attentionScoreBytes,
  layerInputBytes,
  layerKvBytes,
  STATE_BYTES,
} from "../../model/training_math.ts";
import { formatBytes, formatDecimalBytes, formatRate, formatSeconds } from "../../model/units.ts";
import type { Machine } from "./machine.ts";

/** Three significant digits, as such sizes are quoted. */
function rounded(bytes: number): string {
  return formatDecimalBytes(Number(bytes.toPrecision(3)));
}

function seconds(value: number): string {
  return formatSeconds(Number(value.toPrecision(3)));
}

/** Sizes of a model's step over all its samples. */
interface ModelSizes {
  readonly states: number;
  readonly kv: number;
  readonly inputs: number;
  readonly activations: number;
  readonly scores: number;
}

function sizesOf(m: StepModel): ModelSizes {
  const { sequence: s, batch: b, hidden: h, layers } = m;
  return {
    states: (STATE_BYTES.parameter + STATE_BYTES.gradient + STATE_BYTES.optimizer) * m.parameters,
    kv: layers * layerKvBytes(s, b, m.kvElementsPerTokenLayer),
    inputs: layers * layerInputBytes(s, b, h),
    activations: layers * activationBytesWithoutScores(s, b, h),
    scores: layers * attentionScoreBytes(s, b, m.queryHeads),
  };
}

/** The arithmetic of a model's step, a line each. */
function arithmetic(m: StepModel, sizes: ModelSizes): string[] {
  const { sequence: s, batch: b, hidden: h, layers: l } = m;
  const p = `${(m.parameters / 1e9).toFixed(1)}e9`;
  return [
    `states: (2 weights + 2 gradients + 12 Adam) B x ${p} parameters = ${rounded(sizes.states)}`,
    `keys and values: 2 B x ${m.kvElementsPerTokenLayer} x ${s} x ${b} x ${l} layers = ` +
    rounded(sizes.kv),
    `layer inputs (full recomputation keeps these): 2 B x ${h} x ${s} x ${b} x ${l} = ` +
    rounded(sizes.inputs),
    `keys, values and layer inputs: ${rounded(sizes.kv + sizes.inputs)}`,
    `all activations with flash attention: 34 B x ${h} x ${s} x ${b} x ${l} = ` +
    rounded(sizes.activations),
    `without flash attention, the attention matrices on top: 5 B x ${m.queryHeads} x ${s}^2 x ${b} x ` +
    `${l} = ${rounded(sizes.scores)}`,
  ];
}

/** The factor by which computing again costs more than the forward and backward pass. */
const PASSES = { forward: 1, backward: 2, recompute: 1 } as const;

/** Computing against moving: how long the step takes on these GPUs, how long its bytes on their host links. */
function computeAgainstTransfer(
  step: StepProfile,
  m: StepModel,
  sizes: ModelSizes,
  machine: Machine,
): string[] {
  const links = machine.gpus * machine.uploadBytesPerSecond;
  const moved = sizes.kv + sizes.inputs;
  const passes = PASSES.forward + PASSES.backward + (step.recompute ? PASSES.recompute : 0);
  const flops = passes * m.forwardFlops;
  const layerSeconds = step.layers.reduce((sum, l) => sum + l.forwardSeconds, 0);
  const rate = layerSeconds === 0
    ? Infinity
    : m.forwardFlops * m.microBatch / m.batch / layerSeconds;
  const computing = flops / (machine.gpus * rate);
  return [
    `10 s of computing let ${machine.gpus} host links of ${
      formatRate(machine.uploadBytesPerSecond)
    } move ${rounded(10 * links)}; keys, values and layer inputs (${rounded(moved)}) take ${
      seconds(moved / links)
    } out and ${
      seconds(moved / machine.downloadBytesPerSecond / machine.gpus)
    } back, all activations ${seconds(sizes.activations / links)} each way`,
    `this step computes ${flops.toPrecision(3)} FLOP (${passes} forward passes' worth): ${
      seconds(computing)
    } on these GPUs, so 10 s need ${Math.ceil(flops / 10 / rate)} of them`,
  ];
}

/** Smallest number of GPUs on which the states, cut evenly, fit beside one micro-batch's activations. */
function gpusNeeded(states: number, activations: number, memoryBytes: number): number | null {
  const room = memoryBytes - activations;
  return room <= 0 ? null : Math.ceil(states / room);
}

/** Sizes of a described step and what they mean for one GPU, as notes and metrics. */
export function sizingOf(
  step: StepProfile,
  machine: Machine,
  activationBytes: number,
): { notes: string[]; metrics: Metrics } {
  const states = step.layers.reduce(
    (sum, l) => sum + l.parameterBytes + l.gradientBytes + l.optimizerBytes,
    0,
  );
  const needed = gpusNeeded(states, activationBytes, machine.memoryBytes);
  const of = (value: number) => metric(Math.round(value), "bytes", "modelled");
  const metrics: Metrics = {
    state_bytes: of(states),
    required_bytes: of(states + activationBytes),
    min_gpu_count: needed === null
      ? {
        value: null,
        unit: "count",
        evidence: "modelled",
        reason: `the activations of a GPU's micro-batches alone (${
          formatBytes(activationBytes)
        }) exceed its memory`,
      }
      : metric(needed, "count", "modelled"),
  };
  if (step.model === null) return { notes: [], metrics };
  const sizes = sizesOf(step.model);
  return {
    notes: [
      ...arithmetic(step.model, sizes),
      ...computeAgainstTransfer(step, step.model, sizes, machine),
    ],
    metrics: {
      ...metrics,
      kv_bytes: of(sizes.kv),
      layer_input_bytes: of(sizes.inputs),
      activation_bytes: of(sizes.activations),
      attention_matrix_bytes: of(sizes.scores),
    },
  };
}
