/** The columns of `private.entry` that an entry is read from, as text, in the order of its fields. */
export const ENTRY_COLUMNS =
  "id, kind, name, strftime(created_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS created_at, summary";
