/**
 * Deno's own interface; undefined under other runtimes. The first of Node's modules takes Deno 30 ms and more
 * to load, so whatever `--help` runs through goes around all of them.
 */
export function denoApi(): typeof Deno | undefined {
  return (globalThis as { Deno?: typeof Deno }).Deno;
}

/** Node's process object where it is native (Bun, Node); Deno makes it, with much else, when it is asked for. */
export function nodeProcess(): NodeJS.Process {
  return (globalThis as unknown as { process: NodeJS.Process }).process;
}
