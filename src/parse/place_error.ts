/** What a reader of bytes could not understand: where, what stands there, what was expected. */
export class PlaceError extends Error {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters. */
  readonly column: number;
  readonly hint: string | undefined;
  constructor(line: number, column: number, message: string, hint?: string) {
    super(message);
    this.name = "PlaceError";
    this.line = line;
    this.column = column;
    this.hint = hint;
  }
}
