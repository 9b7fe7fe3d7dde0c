import type { LinearSolver } from "../model/linear_program.ts";

/** The part of HiGHS that is used; its own types describe a module of another system. */
interface Highs {
  solve(program: string, options: Record<string, number | string>): {
    readonly Status: string;
    readonly ObjectiveValue: number;
    readonly Columns: Readonly<Record<string, { readonly Primal?: number }>>;
  };
}

/** HiGHS as a solver of linear and integer programs; loading its WebAssembly takes a fifth of a second. */
export async function loadLinearSolver(): Promise<LinearSolver> {
  const module: unknown = await import("highs");
  const highs = await (module as { default: () => Promise<Highs> }).default();
  return (program, timeLimitSeconds = 60) => {
    const solved = highs.solve(program, { time_limit: timeLimitSeconds, mip_rel_gap: 1e-9 });
    const optimal = solved.Status === "Optimal";
    const columns = Object.entries(solved.Columns);
    return {
      status: optimal ? "optimal" : solved.Status === "Infeasible" ? "infeasible" : "other",
      statusText: solved.Status,
      objective: optimal ? solved.ObjectiveValue : NaN,
      values: Object.fromEntries(columns.map(([name, c]) => [name, c.Primal ?? NaN])),
    };
  };
}

/** The solver for families whose policies solve programs; nothing is loaded for the others. */
export async function linearSolverFor(
  families: readonly string[],
): Promise<LinearSolver | undefined> {
  return families.includes("training") ? await loadLinearSolver() : undefined;
}
