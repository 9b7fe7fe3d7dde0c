import { closest } from "../did_you_mean.ts";

/** A wrong command line. `exitCode` is 2, as in Cliffy and clap. */
export class ValidationError extends Error {
  readonly exitCode: number;
  constructor(message: string, options: { exitCode?: number } = {}) {
    super(message);
    this.name = "ValidationError";
    this.exitCode = options.exitCode ?? 2;
  }
}

/** What a type handler is told about the value it parses. */
export interface ArgumentValue {
  /** "Option" or "Argument". */
  readonly label: string;
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

export type TypeHandler<T = unknown> = (value: ArgumentValue) => T;

/** A closed list of values, as Cliffy's `EnumType`. */
export class EnumType<T extends string> {
  readonly #values: readonly T[];
  constructor(values: readonly T[]) {
    this.#values = values;
  }
  parse({ label, name, value }: ArgumentValue): T {
    if ((this.#values as readonly string[]).includes(value)) return value as T;
    const near = closest(value, this.#values);
    throw new ValidationError(
      `${label} "${name}" must be one of ${this.#values.join(", ")}, but got "${value}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
    );
  }
  values(): readonly T[] {
    return this.#values;
  }
}

/** Types that every command knows. */
export const BUILTIN_TYPES: Readonly<Record<string, TypeHandler>> = {
  string: ({ value }) => value,
  file: ({ value }) => value,
  boolean: ({ label, name, value }) => {
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
    throw new ValidationError(`${label} "${name}" must be true or false, but got "${value}"`);
  },
  number: ({ label, name, value }) => {
    const parsed = Number(value);
    if (value.trim() === "" || !Number.isFinite(parsed)) {
      throw new ValidationError(`${label} "${name}" must be a number, but got "${value}"`);
    }
    return parsed;
  },
  integer: ({ label, name, value }) => {
    const parsed = Number(value);
    if (value.trim() === "" || !Number.isSafeInteger(parsed)) {
      throw new ValidationError(`${label} "${name}" must be a whole number, but got "${value}"`);
    }
    return parsed;
  },
};
