import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dataError, environmentError, messageOf } from "../../model/errors.ts";
import { type Json, stableStringify } from "../../model/json.ts";
import { type Knob, type PredictionDocument, predictionSchema } from "../../model/prediction.ts";
import type { WorkloadPrediction } from "../../workload/workload.ts";
import { VERSION } from "../../runtime/version.ts";
import { writeFileAtomically } from "../../runtime/write_file.ts";

/** A prediction as bytes; their SHA-256 is what `sha256sum FILE` prints. */
export interface Sealed {
  readonly document: PredictionDocument;
  readonly text: string;
  readonly sha256: string;
}

/** Puts claims, their inputs and the time into a document, and hashes its bytes. */
export function sealPrediction(
  prediction: WorkloadPrediction,
  about: {
    readonly summary: string;
    readonly knob: Knob | null;
    readonly run: readonly string[] | null;
    readonly now: Date;
  },
): Sealed {
  const document: PredictionDocument = {
    schema: "spillway/prediction/1",
    tool: { name: "spillway", version: VERSION },
    summary: about.summary,
    sealedAt: about.now.toISOString(),
    knob: about.knob,
    run: about.run === null ? null : [...about.run],
    inputs: prediction.inputs as Record<string, Json>,
    claims: prediction.claims.map((claim) => ({ ...claim })),
  };
  const text = stableStringify(document) + "\n";
  return { document, text, sha256: createHash("sha256").update(text).digest("hex") };
}

/** Writes a sealed prediction whole. @throws environment error that names the path. */
export function storePrediction(path: string, sealed: Sealed): void {
  writeFileAtomically(path, sealed.text);
}

/** Reads a prediction file back. @throws environment or data error naming file and field. */
export function readPrediction(path: string): Sealed {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const way =
      'make a prediction with "spillway predict … --seal" or "spillway bench … --predict"';
    if (!existsSync(path)) throw dataError(`${path} does not exist`, way);
    throw environmentError(`${path} cannot be read: ${messageOf(error)}`, way);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw dataError(`${path}: not valid JSON: a prediction file was expected`);
  }
  const parsed = predictionSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw dataError(
      `${path}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
      "expected a file of schema spillway/prediction/1",
    );
  }
  return {
    document: parsed.data,
    text,
    sha256: createHash("sha256").update(text).digest("hex"),
  };
}
