import type { Json } from "../../model/json.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Traffic } from "../../model/traffic.ts";
import { scoreClaims } from "../../gate/score.ts";
import {
  AGAIN,
  calibrateTraffic,
  type CalibrationRounds,
  calibrationSizes,
  type TrafficLaws,
} from "../../workload/kv/calibrate_traffic.ts";
import { trafficClaims } from "../../workload/kv/traffic_claims.ts";
import { optionsOf, workload as kv } from "../../workload/workloads/kv.ts";
import { notReproduced } from "../bench/as_run.ts";
import { type LoadedRequests, replayTraffic, stampOf } from "../bench/inputs.ts";
import { quantitiesOf } from "../bench/run_workload.ts";
import { parseAssignment } from "../replay_params.ts";
import type { CaseGroup, SealedCase, SealedContext } from "./case.ts";

const KIB = 1024;

/** One configuration of the replayed policy and of the run. */
interface Setting {
  readonly policy: string;
  readonly params: Readonly<Record<string, string>>;
  readonly blockBytes: number;
  readonly concurrency: number;
  readonly readBandwidth: number | null;
}

const RECORDED: Setting = {
  policy: "kv-offload",
  params: { gpuBlocks: "100", dram: "8GiB", ssd: "40GiB", intervals: "false" },
  blockBytes: 256 * KIB,
  concurrency: 1,
  readBandwidth: null,
};

/** Every case changes one knob of the recorded run. */
function changes(): { name: string; from: string; to: string; setting: Setting }[] {
  const replayed = (key: string, from: string, to: string) => ({
    name: `${key} ${from} -> ${to}`,
    from,
    to,
    setting: { ...RECORDED, params: { ...RECORDED.params, [key]: to } },
  });
  const executed = (key: keyof Setting, to: number, from: string, shown: string) => ({
    name: `${key} ${from} -> ${shown}`,
    from,
    to: shown,
    setting: { ...RECORDED, [key]: to },
  });
  return [
    replayed("eviction", "lru", "fifo"),
    replayed("eviction", "lru", "s3fifo"),
    replayed("write", "through", "back"),
    replayed("tiers", "inclusive", "exclusive"),
    replayed("admission", "first", "second"),
    replayed("dram", "8GiB", "16GiB"),
    replayed("ssd", "40GiB", "20GiB"),
    executed("readBandwidth", 100e6, "unlimited", "100 MB/s"),
    executed("readBandwidth", 40e6, "unlimited", "40 MB/s"),
    executed("blockBytes", 128 * KIB, "256 KiB", "128 KiB"),
    executed("blockBytes", 512 * KIB, "256 KiB", "512 KiB"),
    executed("concurrency", 4, "1", "4"),
    executed("concurrency", 8, "1", "8"),
  ];
}

/** Replays, executes and predicts one configuration. */
function bind(
  setting: Setting,
  requests: LoadedRequests,
  profiles: Profiles,
  context: SealedContext,
) {
  const params = kv.params.parse({
    blockBytes: setting.blockBytes,
    concurrency: setting.concurrency,
    readBandwidth: setting.readBandwidth,
    repeats: context.repeats,
  });
  const replay = () =>
    replayTraffic(requests, {
      policy: setting.policy,
      assignments: Object.entries(setting.params).map(([k, v]) => parseAssignment(`${k}=${v}`)),
      profiles,
      seed: context.seed,
    });
  const execute = async (traffic: Traffic) =>
    quantitiesOf(await kv.run(params, { ...context, traffic }));
  return { params, replay, execute };
}

/**
 * Records the execution of a replay's KV traffic, validates its operations and bytes under as-run, and gives
 * the cases that change one knob. Before each case the laws are calibrated on the recorded traffic with block
 * sizes that no case has.
 */
export async function trafficGroup(
  requests: LoadedRequests,
  profiles: Profiles,
  context: SealedContext,
): Promise<CaseGroup> {
  const all = changes();
  const judgedSizes = [...new Set(all.map((c) => c.setting.blockBytes))];
  await context.note("recording the traffic of kv-offload");
  const recorded = bind(RECORDED, requests, profiles, context);
  const { traffic: asRecorded } = await recorded.replay();
  const sizesOf = (setting: Setting) =>
    calibrationSizes([setting.blockBytes]).filter((size) => !judgedSizes.includes(size));
  /** Laws of now, from the recorded traffic: a drive that is shared is not as fast as minutes ago. */
  const lawsOf = (setting: Setting, rounds?: CalibrationRounds): Promise<TrafficLaws> => {
    const options = optionsOf(kv.params.parse({ concurrency: setting.concurrency }), context);
    const calibration = { rounds, like: asRecorded };
    return calibrateTraffic(sizesOf(setting), options, context.seed, calibration);
  };
  const laws = await lawsOf(RECORDED);
  const measured = await recorded.execute(asRecorded);
  const asRun = trafficClaims(asRecorded, laws, {
    ...recorded.params,
    blockBytes: RECORDED.blockBytes,
  });
  const refused = notReproduced(scoreClaims(asRun, measured));
  const cases = all.map(({ name, from, to, setting }): SealedCase => {
    const { params, replay, execute } = bind(setting, requests, profiles, context);
    return {
      name: `KV traffic: ${name}`,
      knob: { name: name.split(" ")[0], from, to },
      async predict() {
        const laws = await lawsOf(setting, AGAIN);
        const { traffic, document } = await replay();
        const [result] = document.results;
        return {
          prediction: {
            claims: trafficClaims(traffic, laws, { ...params, blockBytes: setting.blockBytes }),
            inputs: {
              family: "offload",
              policy: result.policy,
              policyParams: result.params as Json,
              trace: stampOf(requests) as unknown as Json,
              profiles: document.profiles as Json,
              workloadParams: params as Json,
              laws: laws as unknown as Json,
              calibrationBlockBytes: sizesOf(setting),
              seed: context.seed,
            },
          },
          run: () => execute(traffic),
        };
      },
    };
  });
  return { refused, cases };
}
