import { EVICTIONS } from "../../registry/evictions.ts";
import type { Topic } from "./topic.ts";

/** Evictions of block caches, as `replay cache --eviction` takes them. */
export const evictionTopic: Topic = {
  name: "eviction",
  summary: "which block a full cache gives up",
  list: () => Promise.resolve(EVICTIONS.map((e) => ({ id: e.name, title: e.summary }))),
  explain: async (id) => {
    const entry = EVICTIONS.find((e) => e.name === id);
    if (entry === undefined) return null;
    const eviction = await entry.load();
    const constants = Object.entries(eviction.params ?? {}).map(([k, v]) => `${k} = ${v}`);
    return {
      id,
      title: eviction.summary,
      fields: [
        ["rule", eviction.summary],
        ...(constants.length === 0 ? [] : [["constants", constants.join(", ")] as const]),
        ["foresight", eviction.clairvoyant ? "yes: it knows every reference to come" : "none"],
        ["source", eviction.reference],
        ["try", `spillway replay cache TRACE --eviction ${id}`],
      ],
    };
  },
};
