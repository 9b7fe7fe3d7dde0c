/** One step of the demo: a command a user could have typed, and why. */
export interface DemoStep {
  readonly key: string;
  readonly title: string;
  readonly args: readonly string[];
}

export interface DemoPaths {
  readonly store: string;
  readonly trace: string;
  readonly faults: string;
  /** The command line of this program, for the workload that `record` starts. */
  readonly self: readonly string[];
}

/** The steps in order; each prints one JSON document, or writes a file. */
export function demoSteps(paths: DemoPaths): DemoStep[] {
  const store = ["--store", paths.store];
  return [
    {
      key: "record",
      title: "Record a storage workload that moves real bytes on this machine's disk",
      args: [
        "record",
        "--name",
        "demo-run",
        "--interval",
        "50ms",
        "--json",
        ...store,
        "--",
        ...paths.self,
        "bench",
        "storage-demo",
        "--quiet",
      ],
    },
    {
      key: "generate",
      title: "Generate a seeded trace of chat requests",
      args: ["generate", "requests", "--seed", "7", "-o", paths.trace, "--json"],
    },
    {
      key: "import",
      title: "Import the trace into the store",
      args: ["import", paths.trace, "--name", "demo-chat", "--json", ...store],
    },
    {
      key: "allocator",
      title: "Replay it against three ways to hand out GPU memory",
      args: [
        "replay",
        "allocator",
        "demo-chat",
        "--policy",
        "contiguous,paged",
        "--sweep",
        "contiguous.reserve=max,oracle",
        "--llm",
        "llama-2-7b",
        "--save",
        "demo-allocator",
        "--json",
        ...store,
      ],
    },
    {
      key: "offload",
      title: "Replay it against three ways to keep the KV cache",
      args: [
        "replay",
        "offload",
        "demo-chat",
        "--policy",
        "recompute,kv-offload,hcache",
        "--llm",
        "llama-2-7b",
        "--save",
        "demo-offload",
        "--json",
        ...store,
      ],
    },
    {
      key: "faults",
      title: "Generate two months of failures of a cluster",
      args: ["generate", "faults", "--seed", "7", "-o", paths.faults, "--json"],
    },
    {
      key: "fault",
      title: "Replay a month of training against them, checkpointing by Young, Daly and the clock",
      args: [
        "replay",
        "fault",
        paths.faults,
        "--policy",
        "periodic-sync",
        "--sweep",
        "interval=young,daly,2h",
        "--save",
        "demo-fault",
        "--json",
        ...store,
      ],
    },
    {
      key: "estimateRun",
      title: "Estimate what the recorded run cost",
      args: ["estimate", "demo-run", "--json", ...store],
    },
    {
      key: "estimateOffload",
      title: "Estimate what each offload policy costs",
      args: ["estimate", "demo-offload", "--json", ...store],
    },
  ];
}
