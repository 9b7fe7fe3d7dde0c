/**
 * The errors a user can meet. Every message is one sentence that names the place (file and line, or
 * flag), what was found and what was expected; `hint` says what to do next.
 *
 * One class with a kind, not a hierarchy: the command line maps the kind to an exit code in one table.
 */
export type ErrorKind = "usage" | "data" | "environment" | "interrupted";

export class SpillwayError extends Error {
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SpillwayError";
    this.kind = kind;
    this.hint = hint;
  }
}

/** The command line was wrong: exit code 2. */
export function usageError(message: string, hint?: string, options?: ErrorOptions): SpillwayError {
  return new SpillwayError("usage", message, hint, options);
}

/** A file, a trace or the store holds bad or missing data: exit code 4. */
export function dataError(message: string, hint?: string, options?: ErrorOptions): SpillwayError {
  return new SpillwayError("data", message, hint, options);
}

/** The machine lacks something the command needs: exit code 5. */
export function environmentError(
  message: string,
  hint?: string,
  options?: ErrorOptions,
): SpillwayError {
  return new SpillwayError("environment", message, hint, options);
}

/** The text of anything thrown, for messages that wrap it. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
