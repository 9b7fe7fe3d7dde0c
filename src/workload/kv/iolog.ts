import { movedBytes, type Traffic } from "../../model/traffic.ts";
import { planTraffic } from "./traffic_plan.ts";

/**
 * The traffic below memory as an fio iolog, to be replayed by `fio --read_iolog=FILE`. Without times it is
 * version 2; with times version 3, whose lines start with milliseconds (fio manual, "Trace file format").
 *
 * @param nameOf The file that stands for a tier.
 */
export function* fioIolog(
  traffic: Traffic,
  blockBytes: number,
  timed: boolean,
  nameOf: (tier: string) => string,
): Generator<string> {
  const { ops } = planTraffic(traffic);
  const onDrive = ops.filter((op) => traffic.tiers[op.tier] !== "dram");
  const names = traffic.tiers.map(nameOf);
  const used = [...new Set(onDrive.map((op) => op.tier))];
  const at = (seconds: number) => timed ? `${Math.round(seconds * 1000)} ` : "";
  yield `fio version ${timed ? 3 : 2} iolog`;
  for (const tier of used) yield `${at(0)}${names[tier]} add`;
  for (const tier of used) yield `${at(0)}${names[tier]} open`;
  let last = 0;
  for (const op of onDrive) {
    last = op.atSeconds;
    yield `${at(last)}${names[op.tier]} ${op.kind} ${op.slot * blockBytes} ${
      movedBytes(op.share, blockBytes)
    }`;
  }
  for (const tier of used) yield `${at(last)}${names[tier]} close`;
}
