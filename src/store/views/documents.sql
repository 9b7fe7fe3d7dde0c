CREATE OR REPLACE VIEW v_replay AS
SELECT p.id, p.name, p.created_at, p.document->>'$.family' AS family,
  p.document->>'$.trace.id' AS trace_id, p.document->>'$.trace.name' AS trace_name,
  p.index AS result, p.item->>'$.policy' AS policy, p.item->'$.params' AS params,
  (SELECT (o->>'$.rank')::INTEGER FROM (SELECT unnest((p.document->'$.ranking'->'$.order')::JSON[]) AS o)
    WHERE (o->>'$.result')::INTEGER = p.index) AS rank,
  p.document->>'$.ranking.by' AS ranked_by,
  p.document->>'$.ranking.recommendation' AS recommendation
FROM (
  SELECT *, unnest((document->'$.results')::JSON[]) AS item,
    unnest(range(0, json_array_length(document, '$.results')::BIGINT))::INTEGER AS index
  FROM private.entry WHERE kind = 'replay'
) p;
COMMENT ON VIEW v_replay IS 'Replays, one row a policy; the numbers are in v_metric.';
COMMENT ON COLUMN v_replay.id IS 'Id of the replay: p1.';
COMMENT ON COLUMN v_replay.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_replay.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_replay.family IS 'Family of policies.';
COMMENT ON COLUMN v_replay.trace_id IS 'Id of the trace replayed; NULL when it was read from a file.';
COMMENT ON COLUMN v_replay.trace_name IS 'Name of the trace replayed.';
COMMENT ON COLUMN v_replay.result IS 'Which result, 0 first, in the order asked for.';
COMMENT ON COLUMN v_replay.policy IS 'Policy of the result.';
COMMENT ON COLUMN v_replay.params IS 'Parameters of the policy, JSON.';
COMMENT ON COLUMN v_replay.rank IS 'Place in the ranking, 1 best; equal values share a place; NULL when it was not ranked.';
COMMENT ON COLUMN v_replay.ranked_by IS 'Metric the ranking sorts by.';
COMMENT ON COLUMN v_replay.recommendation IS 'What to do and why.';

CREATE OR REPLACE VIEW v_estimate AS
SELECT id, name, created_at, document->>'$.subject.kind' AS subject_kind,
  document->>'$.subject.id' AS subject_id, document->>'$.subject.name' AS subject_name, document->'$.site' AS site,
  (document->'$.warnings')::VARCHAR[] AS warnings
FROM private.entry WHERE kind = 'estimate';
COMMENT ON VIEW v_estimate IS 'Estimates, one row each; the numbers are in v_metric.';
COMMENT ON COLUMN v_estimate.id IS 'Id of the estimate: e1.';
COMMENT ON COLUMN v_estimate.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_estimate.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_estimate.subject_kind IS 'run or replay.';
COMMENT ON COLUMN v_estimate.subject_id IS 'Id of what was estimated; NULL when it is not stored.';
COMMENT ON COLUMN v_estimate.subject_name IS 'Name of what was estimated.';
COMMENT ON COLUMN v_estimate.site IS 'Site profile used, JSON.';
COMMENT ON COLUMN v_estimate.warnings IS 'What a reader must know.';

CREATE OR REPLACE VIEW v_advice AS
SELECT id, name, created_at, document->>'$.title' AS title, (document->'$.verdicts')::VARCHAR[] AS verdicts,
  (document->'$.warnings')::VARCHAR[] AS warnings, document->'$.answer' AS answer
FROM private.entry WHERE kind = 'advice';
COMMENT ON VIEW v_advice IS 'Advice and life cycles, one row each; the numbers are in v_metric.';
COMMENT ON COLUMN v_advice.id IS 'Id of the advice: a1.';
COMMENT ON COLUMN v_advice.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_advice.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_advice.title IS 'What it is about.';
COMMENT ON COLUMN v_advice.verdicts IS 'What to do, why, and how firm that is.';
COMMENT ON COLUMN v_advice.warnings IS 'What a reader must know.';
COMMENT ON COLUMN v_advice.answer IS 'The whole answer as --json printed it.';

CREATE OR REPLACE VIEW v_coefficient AS
SELECT id AS estimate_id, c->>'$.id' AS coefficient, (c->>'$.low')::DOUBLE AS low, (c->>'$.mid')::DOUBLE AS mid,
  (c->>'$.high')::DOUBLE AS high, c->>'$.unit' AS unit, c->>'$.source' AS source, c->>'$.asOf' AS as_of,
  c->>'$.licence' AS licence, c->>'$.evidence' AS evidence
FROM (SELECT id, unnest((document->'$.coefficients')::JSON[]) AS c FROM private.entry
  WHERE kind IN ('estimate', 'advice'));
COMMENT ON VIEW v_coefficient IS 'Coefficients that estimates and advice used, with their sources.';
COMMENT ON COLUMN v_coefficient.estimate_id IS 'Id of the estimate or advice.';
COMMENT ON COLUMN v_coefficient.coefficient IS 'Id of the coefficient.';
COMMENT ON COLUMN v_coefficient.low IS 'Lower end, in unit.';
COMMENT ON COLUMN v_coefficient.mid IS 'Middle, in unit.';
COMMENT ON COLUMN v_coefficient.high IS 'Upper end, in unit.';
COMMENT ON COLUMN v_coefficient.unit IS 'Unit of low, mid and high.';
COMMENT ON COLUMN v_coefficient.source IS 'Where it comes from.';
COMMENT ON COLUMN v_coefficient.as_of IS 'Date of the source.';
COMMENT ON COLUMN v_coefficient.licence IS 'Licence of the source.';
COMMENT ON COLUMN v_coefficient.evidence IS 'measured, modelled or assumed.';

CREATE OR REPLACE VIEW v_gate AS
SELECT id, name, created_at, document->>'$.verdict' AS verdict, document FROM private.entry WHERE kind = 'gate';
COMMENT ON VIEW v_gate IS 'Gate verdicts, one row each.';
COMMENT ON COLUMN v_gate.id IS 'Id of the gate.';
COMMENT ON COLUMN v_gate.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_gate.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_gate.verdict IS 'pass, fail, inconclusive or error.';
COMMENT ON COLUMN v_gate.document IS 'The whole document, JSON.';

CREATE OR REPLACE VIEW v_baseline AS
SELECT id, name, created_at, document FROM private.entry WHERE kind = 'baseline';
COMMENT ON VIEW v_baseline IS 'Baselines, one row each.';
COMMENT ON COLUMN v_baseline.id IS 'Id of the baseline.';
COMMENT ON COLUMN v_baseline.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_baseline.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_baseline.document IS 'The whole document, JSON.';

CREATE OR REPLACE VIEW v_prediction AS
SELECT id, name, created_at, document FROM private.entry WHERE kind = 'prediction';
COMMENT ON VIEW v_prediction IS 'Sealed predictions, one row each.';
COMMENT ON COLUMN v_prediction.id IS 'Id of the prediction.';
COMMENT ON COLUMN v_prediction.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_prediction.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_prediction.document IS 'The whole document, JSON.';
