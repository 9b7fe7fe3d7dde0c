import type { ReplayContext } from "../../model/policy.ts";
import type { DeviceUsage, FlowUsage, HeldUsage, Usage } from "../../model/usage.ts";
import type { EngineParams } from "./engine_params.ts";
import type { SideResult } from "./outcome.ts";
import type { Totals } from "./outcome_totals.ts";

/** What the replay used of the machine, for estimates. */
export function usageOf(
  { engine, tally }: SideResult,
  totals: Totals,
  params: EngineParams,
  context: ReplayContext<"requests">,
): Usage {
  const hardware = context.profiles.hardware!;
  const gpus = engine.machine.gpus * (params.instances + params.decodeInstances);
  const devices: DeviceUsage[] = [{
    kind: "gpu",
    key: hardware.gpu!.key,
    count: gpus,
    reservedSeconds: gpus * totals.wallSeconds,
    busySeconds: engine.machine.gpus * totals.busySeconds,
  }];
  const drives = hardware.ssds.reduce((sum, s) => sum + s.count, 0);
  if (totals.tiers.some((tier) => tier.name === "ssd")) {
    devices.push({
      kind: "ssd",
      key: hardware.ssds[0].name,
      count: drives,
      reservedSeconds: drives * totals.wallSeconds,
      busySeconds: Math.min(drives * totals.driveBusySeconds, drives * totals.wallSeconds),
    });
  }
  const flows: FlowUsage[] = [];
  const held: HeldUsage[] = [];
  for (const tier of totals.tiers) {
    for (const direction of ["read", "write"] as const) {
      const bytes = Math.round(direction === "read" ? tier.readBytes : tier.writtenBytes);
      const requests = direction === "read" ? tier.readRequests : tier.writeRequests;
      if (bytes > 0) flows.push({ tier: tier.name, direction, bytes, requests });
    }
    held.push({ tier: tier.name, byteSeconds: tier.byteSeconds });
  }
  return {
    wallSeconds: totals.wallSeconds,
    functionalUnits: {
      requests: tally.counts.completed,
      inputTokens: tally.counts.inputTokens,
      outputTokens: tally.counts.outputTokens,
    },
    devices,
    flows,
    held,
    evidence: "modelled",
  };
}
