/** Name of the file under `src/registry/help/` that holds what a command's help says. */
export function helpFile(command: string): string {
  return `${command.replaceAll(/[ -]/g, "_")}.ts`;
}
