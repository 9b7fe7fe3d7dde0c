import assert from "node:assert/strict";
import type { Machine } from "../../../src/replay/training/machine.ts";
import { linksOf, type Timeline } from "../../../src/replay/training/task_graph.ts";

/** Tasks of a lane follow each other; every task starts after what it waits for. */
export function checkLanes({ tasks, start, end }: Timeline): void {
  const lanes = new Map<string, number>();
  tasks.forEach((t, i) => {
    assert.ok(end[i] >= start[i] - 1e-12);
    assert.ok(start[i] >= (lanes.get(t.lane) ?? 0) - 1e-9, `${t.lane}: ${t.name} overlaps`);
    for (const a of t.after) {
      assert.ok(start[i] >= end[a] - 1e-9, `${t.name} before ${tasks[a].name}`);
    }
    lanes.set(t.lane, end[i]);
  });
}

/** No link carries more bytes in the span of its transfers than its bandwidth allows. */
export function checkLinks(
  machine: Machine,
  { tasks, start, end }: Timeline,
): void {
  const { links, routes } = linksOf(machine);
  links.forEach((link, l) => {
    const over = tasks.map((_, i) => i).filter((i) =>
      tasks[i].route !== undefined && tasks[i].bytes > 0 &&
      routes[tasks[i].route!].links.some((x) => x.link === l)
    );
    if (over.length === 0) return;
    const bytes = over.reduce((sum, i) => sum + tasks[i].bytes, 0);
    const from = Math.min(...over.map((i) => start[i]));
    const to = Math.max(...over.map((i) => end[i]));
    assert.ok(bytes <= link.bytesPerSecond * (to - from) * (1 + 1e-9) + 1e-9, link.name);
  });
}
