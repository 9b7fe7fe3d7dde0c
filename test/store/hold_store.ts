/** Opens the store named on the command line for writing and holds it until killed. */
import process from "node:process";
import { openStore } from "../../src/store/open.ts";

const store = await openStore(process.argv[2], { mode: "write" });
console.log("held");
// The reference keeps the store from being collected, and thereby closed.
setInterval(() => store.path, 1000);
