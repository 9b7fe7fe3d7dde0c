import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { describedSamples } from "../../src/cli/loader/sample_spec.ts";
import { describedTrace } from "../../src/cli/training/step_spec.ts";
import { BUILTIN_HARDWARE } from "../../src/model/profiles/builtin/hardware.ts";
import { BUILTIN_LLMS } from "../../src/model/profiles/builtin/llm.ts";
import type { IoTraceMeta } from "../../src/model/trace/io.ts";
import type { TensorTraceMeta } from "../../src/model/trace/tensors.ts";
import { spillway } from "../spillway.ts";

const PROFILES = {
  hardware: BUILTIN_HARDWARE.find((h) => h.name === "a100_sxm-x8")!,
  llm: BUILTIN_LLMS.find((l) => l.name === "llama-2-7b")!,
  site: null,
};

const folder = mkdtempSync(join(tmpdir(), "spillway-training-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a described model has its layers, parameters and times", () => {
  const trace = describedTrace("model:batch=16,seq=4K,micro=2", PROFILES)!;
  const step = (trace.meta as TensorTraceMeta).step!;
  assert.equal(step.layers.length, 34, "32 layers, embedding and output");
  assert.equal(step.microBatches, 8);
  assert.equal(step.model!.sequence, 4096);
  // The published count: weights with both norms of a layer and the last one.
  assert.equal(step.layers.reduce((sum, l) => sum + l.parameters, 0), 6_738_415_616);
  const { forwardSeconds, backwardSeconds } = step.layers[1];
  assert.equal(backwardSeconds, 2 * forwardSeconds);
});

const WRONG: readonly [string, RegExp][] = [
  ["model:batsh=8", /there is no "batsh"; did you mean "batch"/],
  ["model:batch=x", /batch="x" is not a whole number/],
  ["model:batch=3,micro=2", /no multiple of micro=2/],
  ["model:flash=maybe", /neither true nor false/],
  ["model:efficiency=1.5", /not a share/],
  ["layers:gpus=2", /describe no machine/],
  ["layers:count", /"count" has no value/],
];
for (const [argument, message] of WRONG) {
  test(`a description is refused: ${argument}`, () => {
    assert.throws(() => describedTrace(argument, PROFILES), message);
  });
}

test("what describes no step is a file or a stored trace", () => {
  assert.equal(describedTrace("timeline.json", PROFILES), null);
  assert.equal(describedSamples("manifest.csv", 1), null);
});

test("samples of a workload follow its sizes; those of a folder are its files", () => {
  const trace = describedSamples("resnet50:files=2,accelerator=a100", 1)!;
  assert.equal(trace.rows, 2502);
  assert.equal((trace.meta as IoTraceMeta).samples!.computeSeconds, 0.435);
  assert.throws(() => describedSamples("unet3d:files=0", 1), /files="0"/);
  assert.throws(() => describedSamples("unet3d:acelerator=a100", 1), /did you mean "accelerator"/);
  const data = join(folder, "data");
  mkdirSync(join(data, "inner"), { recursive: true });
  writeFileSync(join(data, "b.bin"), "12345");
  writeFileSync(join(data, "inner", "a.bin"), "123");
  writeFileSync(join(data, ".hidden"), "1");
  const scanned = describedSamples(data, 1)!;
  assert.deepEqual((scanned.meta as IoTraceMeta).files, ["b.bin", "inner/a.bin"]);
});

test("the exact cases come out of the command, with the alternatives and the proof", () => {
  const layers =
    "layers:count=8,forward=1s,backward=2s,bytes=4,microbatches=4,gpus=2,memory=16,link=4";
  const best = JSON.parse(
    spillway(["replay", "training", layers, "-p", "mobius", "--json"], { cwd: folder }).stdout,
  );
  assert.equal(best.results[0].metrics.step_seconds.value, 52);
  assert.equal(best.results[0].metrics.proved_optimal_seconds.value, 52);
  const equal = JSON.parse(
    spillway([
      "replay",
      "training",
      layers,
      "-p",
      "mobius",
      "--set",
      "partition=equal",
      "--sweep",
      "stages=2,4,8",
      "--json",
    ], { cwd: folder }).stdout,
  );
  assert.deepEqual(
    equal.results.map((r: { metrics: { step_seconds: { value: number } } }) =>
      r.metrics.step_seconds.value
    ),
    [64, 56, 52],
  );
  const explained = spillway(["explain", "mobius"], { cwd: folder }).stdout;
  assert.match(explained, /RECONSTRUCTION, not the paper's text/);
});

test("a stored step exports its time line to Perfetto, and the report draws it", () => {
  const args = [
    "replay",
    "training",
    "model:batch=4,seq=1024",
    "--llm",
    "opt-6.7b",
    "--hardware",
    "a10-x4",
  ];
  const saved = spillway([...args, "-p", "mobius,zero-infinity", "--save", "step"], {
    cwd: folder,
  });
  assert.equal(saved.code, 0, saved.stderr);
  const exported = spillway(["export", "step", "--format", "perfetto"], { cwd: folder });
  const { traceEvents } = JSON.parse(exported.stdout) as {
    traceEvents: {
      ph: string;
      pid: number;
      name: string;
      cat?: string;
      dur?: number;
      args: { name?: string };
    }[];
  };
  const lanes = traceEvents.filter((e) => e.name === "thread_name" && e.pid === 1).map((e) =>
    e.args.name
  );
  assert.ok(lanes.includes("GPU 0 compute") && lanes.includes("GPU 3 upload"), lanes.join());
  const kinds = new Set(traceEvents.filter((e) => e.ph === "X").map((e) => e.cat));
  for (const kind of ["forward", "backward", "upload", "download", "collective", "ssd write"]) {
    assert.ok(kinds.has(kind), `${kind} is missing`);
  }
  const page = join(folder, "report.html");
  assert.equal(spillway(["report", "step", "-o", page], { cwd: folder }).code, 0);
  const html = readFileSync(page, "utf8");
  assert.match(html, /Time line of the step/);
  assert.match(html, /Bytes by link/);
});
