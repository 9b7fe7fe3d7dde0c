import type { LoggedJob } from "../model/trace/faults.ts";

/** Jobs of one size: how long they ran and how often they were interrupted. */
interface SizeClass {
  readonly nodes: number;
  jobs: number;
  runSeconds: number;
  interruptions: number;
}

function hours(seconds: number): string {
  const value = seconds / 3600;
  return `${Number(value.toPrecision(3)).toLocaleString("en-US")} h`;
}

/** Seconds a job ran; null when it never did or still does. */
function ranSeconds(job: LoggedJob): number | null {
  return job.startSeconds === null || job.endSeconds === null
    ? null
    : Math.max(0, job.endSeconds - job.startSeconds);
}

/**
 * What a scheduler's log says of jobs as a whole: node-hours by final state, and the mean time to failure by
 * job size (Kokolis et al., HPCA 2025: it falls as jobs grow).
 *
 * @param interrupted Whether a state is a failure of the system and not an end the user wanted.
 */
export function jobViewNotes(
  jobs: readonly LoggedJob[],
  interrupted: (state: string) => boolean,
): string[] {
  const byState = new Map<string, number>();
  const bySize = new Map<number, SizeClass>();
  for (const job of jobs) {
    const ran = ranSeconds(job);
    if (ran === null || job.nodes === null) continue;
    byState.set(job.state, (byState.get(job.state) ?? 0) + ran * job.nodes);
    const size = 2 ** Math.floor(Math.log2(Math.max(1, job.nodes)));
    const found = bySize.get(size) ?? { nodes: size, jobs: 0, runSeconds: 0, interruptions: 0 };
    found.jobs++;
    found.runSeconds += ran;
    if (interrupted(job.state)) found.interruptions++;
    bySize.set(size, found);
  }
  const states = [...byState].sort(([, a], [, b]) => b - a)
    .map(([state, seconds]) => `${state} ${hours(seconds)}`);
  const sizes = [...bySize.values()].sort((a, b) => a.nodes - b.nodes)
    .filter((c) => c.interruptions > 0)
    .map((c) =>
      `${c.nodes === 1 ? "1 node" : `${c.nodes} to ${2 * c.nodes - 1} nodes`} ` +
      `${hours(c.runSeconds / c.interruptions)} (${c.interruptions} in ${c.jobs} jobs)`
    );
  return [
    ...(states.length === 0 ? [] : [`node-hours by final state: ${states.join(", ")}`]),
    ...(sizes.length === 0 ? [] : [`mean time to failure by job size: ${sizes.join("; ")}`]),
    'the jobs stand in the view v_job: spillway query "SELECT * FROM v_job"',
  ];
}
