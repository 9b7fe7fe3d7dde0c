import { loadingIsFaster } from "../../../model/engine_time.ts";
import type { Policy } from "../../../model/policy.ts";
import { type ConversationParams, conversationSchema } from "../params.ts";
import { createConversationReplay } from "../replay.ts";

export const policy: Policy<"requests", ConversationParams> = {
  name: "hybrid",
  family: "conversation",
  summary: "save after every turn; load or evaluate again, whichever is predicted faster",
  reference:
    "the break-even of Mooncake (FAST 2025) section 5.2, turn by turn, with this machine's laws",
  accepts: ["requests"],
  params: conversationSchema,
  create: (params, context) =>
    createConversationReplay(params, context, {
      saves: true,
      restores: (choice, time) => loadingIsFaster(choice.savedTokens, choice.promptTokens, time),
    }, false),
};
