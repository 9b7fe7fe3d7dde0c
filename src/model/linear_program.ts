/** What a solver of linear and integer programs says of a program in CPLEX LP format. */
export interface LinearSolution {
  readonly status: "optimal" | "infeasible" | "other";
  /** The solver's own word for it. */
  readonly statusText: string;
  /** Objective value; NaN unless optimal. */
  readonly objective: number;
  /** Values by variable name. */
  readonly values: Readonly<Record<string, number>>;
}

/** Solves a program in CPLEX LP format. Replays are pure, so whoever starts them brings the solver. */
export type LinearSolver = (program: string, timeLimitSeconds?: number) => LinearSolution;

/** One `coefficient * variable` of a row. */
export type LinearTerm = readonly [coefficient: number, variable: string];

/** Text of a linear expression; terms with coefficient 0 are left out. */
export function linearExpression(terms: readonly LinearTerm[]): string {
  const shown = terms.filter(([c]) => c !== 0).map(([c, name]) =>
    `${c < 0 ? "-" : "+"} ${Math.abs(c)} ${name}`
  );
  return shown.length === 0 ? "0 zero" : shown.join(" ");
}

/** Writes a minimisation in CPLEX LP format, one row a line. Variables are 0 or more unless listed. */
export function linearProgram(program: {
  readonly minimize: readonly LinearTerm[];
  readonly rows: readonly {
    readonly terms: readonly LinearTerm[];
    readonly sense: "<=" | ">=" | "=";
    readonly value: number;
  }[];
  readonly binaries?: readonly string[];
}): string {
  const rows = program.rows.map((r, i) =>
    ` r${i}: ${linearExpression(r.terms)} ${r.sense} ${r.value}`
  );
  const binaries = program.binaries ?? [];
  return [
    "Minimize",
    ` objective: ${linearExpression(program.minimize)}`,
    "Subject To",
    ...rows,
    ...(binaries.length === 0 ? [] : ["Binary", ` ${binaries.join("\n ")}`]),
    "End",
    "",
  ].join("\n");
}
