import { EXIT_CODES } from "../../model/exit_codes.ts";
import type { Json } from "../../model/json.ts";
import { METRIC_CATALOG, metricDefinition } from "../../model/metrics/catalog.ts";
import { STALL_CLASSES } from "../../model/stalls.ts";
import { POLICIES } from "../../registry/policies.ts";
import { coefficientTopic } from "./coefficient_topic.ts";
import { evictionTopic } from "./eviction_topic.ts";
import type { Topic } from "./topic.ts";

const metricTopic: Topic = {
  name: "metric",
  summary: "what a number means and how it is computed",
  list: () => Promise.resolve(METRIC_CATALOG),
  explain: (id) => {
    const m = metricDefinition(id);
    if (m === undefined) return Promise.resolve(null);
    const better = m.better === "none" ? "a fact, not a goal" : `${m.better} is better`;
    return Promise.resolve({
      id,
      title: m.title,
      fields: [
        ["family", m.family],
        ["unit", m.unit],
        ["better", better],
        [
          "compared",
          m.nature === "exact" ? "exactly: any difference counts" : "by statistics over repeats",
        ],
        ["formula", m.formula],
        ["source", m.source],
      ],
      data: { definition: { ...m } as unknown as Json },
    });
  },
};

const exitCodeTopic: Topic = {
  name: "exit-code",
  summary: "what a command's exit code says",
  list: () =>
    Promise.resolve(
      EXIT_CODES.map((e) => ({ id: String(e.code), title: `${e.name}: ${e.meaning}` })),
    ),
  explain: (id) => {
    const found = EXIT_CODES.find((e) => String(e.code) === id || e.name === id);
    if (found === undefined) return Promise.resolve(null);
    return Promise.resolve({
      id: String(found.code),
      title: found.name,
      fields: [
        ["code", String(found.code)],
        ["meaning", found.meaning],
        ["remedy", found.remedy],
        ["source", found.source],
      ],
      data: { definition: { ...found } },
    });
  },
};

const stallTopic: Topic = {
  name: "stall",
  summary: "how a second of a recording is attributed",
  // The list tells the whole rule: classes are looked for from top to bottom, second by second.
  list: () =>
    Promise.resolve(
      STALL_CLASSES.map(({ id, title, rule }, i) => ({ id, title: `${i + 1}. ${title}: ${rule}` })),
    ),
  explain: (id) => {
    const found = STALL_CLASSES.find((s) => s.id === id || s.id.replaceAll("_", "-") === id);
    if (found === undefined) return Promise.resolve(null);
    return Promise.resolve({
      id: found.id,
      title: found.title,
      fields: [["rule", found.rule], ["remedy", found.remedy]],
      data: { definition: { ...found } },
    });
  },
};

const policyTopic: Topic = {
  name: "policy",
  summary: "what a policy does, where it comes from, its parameters",
  list: () =>
    Promise.resolve(POLICIES.map((p) => ({ id: `${p.family}/${p.name}`, title: p.summary }))),
  explain: async (id) => {
    const entries = POLICIES.filter((p) => p.name === id || `${p.family}/${p.name}` === id);
    if (entries.length === 0) return null;
    const policy = await entries[0].load();
    const { z } = await import("zod");
    const schema = z.toJSONSchema(policy.params, { io: "input", unrepresentable: "any" }) as {
      properties?: Record<string, { default?: Json; description?: string }>;
    };
    // A default that is read with its unit (times, sizes, rates) stands in no JSON schema: parsing tells it.
    const parsed = policy.params.safeParse({});
    const defaults = (parsed.success ? parsed.data : {}) as Record<string, Json | undefined>;
    const rows = Object.entries(schema.properties ?? {}).map(([name, p]) => {
      const value = p.default ?? defaults[name];
      return [name, value === undefined ? "" : JSON.stringify(value), p.description ?? ""];
    });
    return {
      id: `${policy.family}/${policy.name}`,
      title: policy.summary,
      fields: [
        ["family", policy.family],
        ["rule", policy.summary],
        ["replays", policy.accepts.join(", ")],
        ["lossy", policy.lossy ? "yes: it changes the model's results" : "no"],
        ...(policy.limits === undefined ? [] : [["left out", policy.limits] as const]),
        ["source", policy.reference],
        ["try", `spillway replay ${policy.family} TRACE --policy ${policy.name}`],
      ],
      ...(rows.length === 0
        ? {}
        : { table: { columns: ["parameter", "default", "meaning"], rows } }),
      notes: entries.slice(1).map((e) => `${e.family}/${e.name} has the same name: ${e.summary}`),
      data: { params: schema as unknown as Json },
    };
  },
};

/** Everything that `explain` knows, in the order shown. */
export const TOPICS: readonly Topic[] = [
  metricTopic,
  policyTopic,
  evictionTopic,
  coefficientTopic,
  exitCodeTopic,
  stallTopic,
];
