import type { AdviceDocument } from "../../model/advice.ts";
import { ownCommand } from "../../runtime/self.ts";
import type { Output } from "../output.ts";

/** Keeps an advice in the store under a name, for `report` and `show`; says where on stderr. */
export async function saveAdvice(
  name: string,
  document: AdviceDocument,
  out: Output,
): Promise<void> {
  const { openStore } = await import("../../store/open.ts");
  const store = await openStore(out.setting("store").value!, { mode: "create" });
  try {
    const id = await store.saveDocument("advice", name, {
      ...document,
      command: ownCommand(),
    });
    await out.note(`stored as ${id} (${name}); "spillway report ${id}" draws it`);
  } finally {
    await store.close();
  }
}
