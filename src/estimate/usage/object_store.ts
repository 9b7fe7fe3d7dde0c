import type { ObjectPlace } from "../../model/profiles/site.ts";
import type { FlowUsage, Usage } from "../../model/usage.ts";
import { egressUsd } from "../egress.ts";
import { BYTES_PER_GB, BYTES_PER_GIB, SECONDS_PER_MONTH } from "../formulas/units.ts";
import type { EstimateContext } from "./context.ts";
import type { AddCost } from "./cost_terms.ts";
import { flowBytes, heldByteSeconds } from "./amounts.ts";
import type { UnknownPart } from "./term.ts";

const WHERE: Readonly<Record<ObjectPlace, string>> = {
  "same-region": "in the machine's own region",
  "other-region": "in another region of the cloud",
  internet: "behind the internet",
};

/**
 * Dollars of an object store (F21): storage, requests, retrieval and egress. Requests and bytes are the
 * usage's own; which bytes leave a cloud depends on where the store is, which no flow tells.
 */
export function objectStoreCost(
  usage: Usage,
  context: EstimateContext,
  add: AddCost,
  unknown: UnknownPart[],
  notes: string[],
): void {
  const held = heldByteSeconds(usage, "object") / BYTES_PER_GIB;
  if (held > 0) {
    add(
      "storage",
      "GiB-months held x $/GB-month (F21; clouds bill 2^30 bytes as a GB)",
      ["object.usd_per_gb_month"],
      false,
      (get) => held / SECONDS_PER_MONTH * get("object.usd_per_gb_month"),
    );
  }
  const flows = usage.flows.filter((f) => f.tier === "object");
  requests(flows, add);
  const read = flowBytes(usage, "read", "object");
  if (read > 0) {
    add(
      "retrieval",
      "GiB read x $/GB retrieved (F21)",
      ["object.usd_per_gb_retrieved"],
      false,
      (get) => read / BYTES_PER_GIB * get("object.usd_per_gb_retrieved"),
    );
  }
  const moved = flows.reduce((a, f) => a + f.bytes, 0);
  if (moved > 0) egress(usage, context, add, unknown, notes);
}

function requests(flows: readonly FlowUsage[], add: AddCost): void {
  for (
    const [direction, id] of [
      ["write", "object.usd_per_1k_puts"],
      ["read", "object.usd_per_1k_gets"],
    ] as const
  ) {
    const count = flows.filter((f) => f.direction === direction)
      .reduce((a, f) => a + f.requests, 0);
    if (count > 0) {
      add(
        "requests",
        `${direction} requests x $ a thousand (F21)`,
        [id],
        false,
        (get) => count / 1000 * get(id),
      );
    }
  }
}

/**
 * Bytes that leave a cloud: reads leave the store's; writes leave the machine's own, where that is rented.
 * Into a cloud they are free.
 */
function egress(
  usage: Usage,
  { site, factors }: EstimateContext,
  add: AddCost,
  unknown: UnknownPart[],
  notes: string[],
): void {
  const bytes = flowBytes(usage, site.ownership === "rented" ? "both" : "read", "object");
  const own = "object.egress_usd_per_gb";
  if (factors.has(own)) {
    add(
      "egress",
      "GB that leave x $/GB (F21)",
      [own],
      false,
      (get) => bytes / BYTES_PER_GB * get(own),
    );
    return;
  }
  const place = site.objectPlace;
  if (place === undefined) {
    const gigabytes = Number((flowBytes(usage, "both", "object") / BYTES_PER_GB).toPrecision(4));
    unknown.push({
      account: "usd",
      part: "egress",
      reason: `${gigabytes} GB go to or from an object store, but where it is is not known: give ` +
        "--object-place same-region, other-region or internet (objectPlace in a site profile), or " +
        `--factor ${own}=USD`,
    });
    return;
  }
  notes.push(`the object store is ${WHERE[place]}`);
  if (place === "same-region") {
    add("egress", "within a region nothing leaves: 0 (F21)", [], false, () => 0);
    return;
  }
  if (place === "other-region") {
    const id = "object.usd_per_gb_other_region";
    add(
      "egress",
      "GB that leave x $/GB between regions (F21)",
      [id],
      false,
      (get) => bytes / BYTES_PER_GB * get(id),
    );
    return;
  }
  // Steps are of a month: a longer use begins them anew, a shorter one is taken as the month's only one.
  const months = Math.max(1, usage.wallSeconds / SECONDS_PER_MONTH);
  const monthly = egressUsd(bytes / months);
  add(
    "egress",
    "GB that leave a month x $/GB of each step x months (F21, E14)",
    monthly.ids,
    false,
    (get) => months * monthly.value(get),
  );
}

/**
 * Dollars of shared storage that a site rents: capacity by the month, traffic where it crosses zones. Owned
 * shared storage is priced as the drives that it is.
 */
export function rentedRemoteCost(usage: Usage, add: AddCost): void {
  const held = heldByteSeconds(usage, "remote") / BYTES_PER_GIB;
  if (held > 0) {
    add(
      "storage",
      "GiB-months held on shared storage x $/GB-month (F21)",
      ["remote.usd_per_gb_month"],
      false,
      (get) => held / SECONDS_PER_MONTH * get("remote.usd_per_gb_month"),
    );
  }
  const moved = flowBytes(usage, "both", "remote") / BYTES_PER_GB;
  if (moved > 0) {
    add(
      "egress",
      "GB to and from shared storage x $/GB (F21)",
      ["remote.usd_per_gb_moved"],
      false,
      (get) => moved * get("remote.usd_per_gb_moved"),
    );
  }
}
