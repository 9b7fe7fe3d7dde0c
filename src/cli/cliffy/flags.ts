/** Splits `<name:type[]>` out of flags such as `-i, --interval <value:duration>`. */
export function parseFlags(flags: string) {
  const match = /^(.*?)(?:\s+([<[])([\w.=-]+?)(\.\.\.)?(?::([\w]+)(\[\])?)?[>\]])?$/.exec(
    flags.trim(),
  );
  if (match === null || /[<[]/.test(match[1])) {
    throw new TypeError(`cannot read option flags "${flags}"`);
  }
  const [, head, bracket, label, dots, type, list] = match;
  return {
    head: head.trim(),
    valueName: label ?? null,
    optional: bracket === "[",
    typeName: bracket === undefined ? null : (type ?? "string"),
    list: list !== undefined,
    variadic: dots !== undefined,
  };
}

/** The long form of `-i, --interval`. @throws {TypeError} when there is none. */
export function longName(head: string): string {
  const long = head.split(/[\s,]+/).find((flag) => flag.startsWith("--"));
  if (long === undefined) throw new TypeError(`option "${head}" needs a long form`);
  return long;
}

/** The name under which an action finds the value of `--dry-run`: `dryRun`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
