import type { Policy } from "../../../model/policy.ts";
import { type ConversationParams, conversationSchema } from "../params.ts";
import { createConversationReplay } from "../replay.ts";

export const policy: Policy<"requests", ConversationParams> = {
  name: "recompute",
  family: "conversation",
  summary: "keep nothing: a conversation that left the slot is evaluated again",
  reference: "llama.cpp server with one slot and no slot save path",
  accepts: ["requests"],
  params: conversationSchema,
  create: (params, context) =>
    createConversationReplay(params, context, { saves: false, restores: () => false }, true),
};
