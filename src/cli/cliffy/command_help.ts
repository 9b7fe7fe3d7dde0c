/** An option as help and completions see it. */
export interface OptionInfo {
  readonly flags: string;
  readonly name: string;
  readonly description: string;
  readonly typeName: string | null;
  readonly values: readonly string[];
  readonly default?: unknown;
  readonly required: boolean;
  readonly hidden: boolean;
  readonly global: boolean;
}

export interface ArgumentInfo {
  readonly name: string;
  readonly optional: boolean;
  readonly variadic: boolean;
  readonly typeName: string;
}

export interface ExampleInfo {
  readonly name: string;
  readonly description: string;
}

/** All that help, completions and the manual page say of a command: plain data. */
export interface CommandHelp {
  readonly name: string;
  readonly description: string;
  readonly usage: string | null;
  readonly options: readonly OptionInfo[];
  readonly arguments: readonly ArgumentInfo[];
  readonly examples: readonly ExampleInfo[];
}
