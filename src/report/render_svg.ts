import type { LoggerInterface } from "vega";

type Spec = Record<string, unknown>;

/** Keeps advice for the author of a chart off the user's terminal; errors are thrown. */
function quietLogger() {
  const logger = {
    level: () => 0,
    error: (...parts: unknown[]): never => {
      throw new TypeError(`vega-lite: ${parts.join(" ")}`);
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger as unknown as LoggerInterface;
}

/** Compiles a Vega-Lite specification to Vega. */
export async function compileSpec(spec: Spec): Promise<Spec> {
  const lite = await import("vega-lite");
  const compiled = lite.compile(spec as unknown as Parameters<typeof lite.compile>[0], {
    logger: quietLogger(),
  });
  return compiled.spec as unknown as Spec;
}

/** Renders a Vega-Lite specification to SVG, without a screen and without evaluating code. */
export async function renderSvg(spec: Spec): Promise<string> {
  const [vega, { expressionInterpreter }] = await Promise.all([
    import("vega"),
    import("vega-interpreter"),
  ]);
  const parsed = vega.parse(
    await compileSpec(spec) as unknown as Parameters<typeof vega.parse>[0],
    {},
    { ast: true },
  );
  const view = new vega.View(parsed, { renderer: "none", expr: expressionInterpreter });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
