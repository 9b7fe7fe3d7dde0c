import type { Verdict } from "../../gate/verdict.ts";
import { writeText } from "../../runtime/terminal.ts";
import { usageError } from "../../model/errors.ts";
import { stableStringify } from "../../model/json.ts";
import type { Output } from "../output.ts";

export const VERDICT_FORMATS = [
  "text",
  "json",
  "markdown",
  "junit",
  "openmetrics",
  "github",
  "gitlab",
] as const;
export type VerdictFormat = typeof VERDICT_FORMATS[number];

/** A copy of the verdict beside what is printed: `junit=report.xml`. */
export interface VerdictFile {
  readonly format: VerdictFormat;
  readonly file: string;
}

/** Parses `FORMAT=FILE`. @throws usage error. */
export function parseVerdictFile(text: string): VerdictFile {
  const at = text.indexOf("=");
  const format = VERDICT_FORMATS.find((f) => f === text.slice(0, at));
  const file = text.slice(at + 1);
  if (at < 0 || format === undefined || file === "") {
    throw usageError(
      `--write: "${text}" is not FORMAT=FILE`,
      `write junit=report.xml, for example; the formats are ${VERDICT_FORMATS.join(", ")}`,
    );
  }
  return { format, file };
}

async function toText(verdict: Verdict, format: VerdictFormat, out: Output): Promise<string> {
  switch (format) {
    case "markdown":
      return (await import("../../gate/writers/markdown.ts")).toMarkdown(verdict);
    case "junit":
      return (await import("../../gate/writers/junit.ts")).toJunit(verdict);
    case "github":
      return (await import("../../gate/writers/github.ts")).toGithub(verdict);
    case "gitlab":
      return (await import("../../gate/writers/gitlab.ts")).toGitlab(verdict);
    case "openmetrics":
      return (await import("../../gate/writers/openmetrics.ts")).toOpenMetrics(verdict);
    case "json":
      return stableStringify(verdict) + "\n";
    case "text":
      return (await import("./render_verdict.ts")).renderVerdict(verdict, out);
  }
}

/** Prints the verdict in one format (JSON with `--json`) and writes its copies. */
export async function writeVerdict(
  verdict: Verdict,
  format: VerdictFormat,
  files: readonly VerdictFile[],
  out: Output,
): Promise<void> {
  const { writeFileAtomically } = await import("../../runtime/write_file.ts");
  for (const copy of files) {
    writeFileAtomically(copy.file, await toText(verdict, copy.format, out));
  }
  await writeText("stdout", await toText(verdict, out.json ? "json" : format, out));
}
