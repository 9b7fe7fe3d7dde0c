/** A worker module that takes its time to load, as one with many imports on a busy machine does. */
await new Promise((resolve) => setTimeout(resolve, 300));

export function handle(_shared: null, job: number): number {
  return job + 1;
}
