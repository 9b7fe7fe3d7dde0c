import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Every file below a folder with its size, in order of path; names that start with a dot are left out. */
export function scanFolder(folder: string): { name: string; bytes: number }[] {
  const found: { name: string; bytes: number }[] = [];
  const visit = (path: string, prefix: string): void => {
    const entries = readdirSync(path, { withFileTypes: true });
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const [full, name] = [join(path, entry.name), prefix + entry.name];
      if (entry.isDirectory()) visit(full, `${name}/`);
      else if (entry.isFile()) found.push({ name, bytes: statSync(full).size });
    }
  };
  visit(folder, "");
  return found;
}
