import type { Policy } from "../../../model/policy.ts";
import { type ConversationParams, conversationSchema } from "../params.ts";
import { createConversationReplay } from "../replay.ts";

export const policy: Policy<"requests", ConversationParams> = {
  name: "kv-offload",
  family: "conversation",
  summary: "save the KV state after every turn and always load it back",
  reference:
    "llama.cpp llama_state_seq_save_file and llama_state_seq_load_file (slot save/restore)",
  accepts: ["requests"],
  params: conversationSchema,
  create: (params, context) =>
    createConversationReplay(params, context, { saves: true, restores: () => true }, true),
};
