/** Opens the store named on the command line for writing and holds it until killed. */
import process from "node:process";
import { openStore } from "../../src/store/open.ts";

await openStore(process.argv[2], { mode: "write" });
console.log("held");
setInterval(() => {}, 1000);
