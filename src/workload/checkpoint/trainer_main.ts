/**
 * A trainer that another process may kill at any time: trains (waits) and checkpoints in two phases.
 * Arguments: folder, state bytes, milliseconds of an iteration, iterations between checkpoints, iterations
 * to train (0: for ever), 1 to save or 0 to train alike without saving. Prints one line an event: `start N`, `at N`, `blocked S`, `durable N S`, `done N S`.
 */
import process from "node:process";
import { durableIterations, fillState, persist, removePartial } from "./checkpoint_store.ts";

async function train(
  folder: string,
  stateBytes: number,
  iterationMs: number,
  every: number,
  iterations: number,
  save: boolean,
): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  removePartial(folder);
  let iteration = durableIterations(folder)[0] ?? 0;
  const state = new Uint8Array(stateBytes);
  const snapshot = new Uint8Array(stateBytes);
  let pending: Promise<void> = Promise.resolve();
  // The first touch of memory is part of starting up, not of the first checkpoint.
  fillState(state, iteration);
  snapshot.set(state);
  say(`start ${iteration}`);
  const last = iterations === 0 ? Infinity : iteration + iterations;
  const started = performance.now();
  while (iteration < last) {
    await new Promise((resolve) => setTimeout(resolve, iterationMs));
    iteration++;
    say(`at ${iteration}`);
    if (iteration % every !== 0) continue;
    // Making up the state stands for training; it is no cost of the checkpoint.
    fillState(state, iteration);
    if (!save) continue;
    // Block: the save before must be durable (one outstanding), then the state is copied.
    const blocked = performance.now();
    await pending;
    snapshot.set(state);
    const taken = performance.now();
    say(`blocked ${(taken - blocked) / 1000}`);
    const saved = iteration;
    pending = persist(folder, saved, snapshot).then(() => {
      say(`durable ${saved} ${(performance.now() - taken) / 1000}`);
    });
  }
  await pending;
  say(`done ${iteration} ${(performance.now() - started) / 1000}`);
}

if (import.meta.main) {
  const [folder, ...numbers] = process.argv.slice(2);
  const [stateBytes, iterationMs, every, iterations, save] = numbers.map(Number);
  await train(folder, stateBytes, iterationMs, every, iterations, save === 1);
}
