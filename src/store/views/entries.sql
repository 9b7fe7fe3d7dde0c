CREATE OR REPLACE VIEW v_entry AS
SELECT id, kind, name, created_at, summary FROM private.entry;
COMMENT ON VIEW v_entry IS 'Everything in the store that has an id and a name.';
COMMENT ON COLUMN v_entry.id IS 'Id: r1 run, t1 trace, p1 replay, e1 estimate, a1 advice, g1 gate, b1 baseline, x1 prediction.';
COMMENT ON COLUMN v_entry.kind IS 'run, trace, replay, estimate, advice, gate, baseline or prediction.';
COMMENT ON COLUMN v_entry.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_entry.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_entry.summary IS 'One line for lists.';

CREATE OR REPLACE VIEW v_metric AS
SELECT e.id AS entry_id, e.kind, e.name, m.result, m.result_name, m.metric, m.value, m.value_text,
  m.unit, m.evidence, m.low, m.high, m.observations, m.reason
FROM private.metric m JOIN private.entry e USING (key);
COMMENT ON VIEW v_metric IS 'Every metric of every run, replay, estimate and advice, one row a number.';
COMMENT ON COLUMN v_metric.entry_id IS 'Id of the run, replay, estimate or advice.';
COMMENT ON COLUMN v_metric.kind IS 'run, replay, estimate or advice.';
COMMENT ON COLUMN v_metric.name IS 'Name of the run, replay, estimate or advice.';
COMMENT ON COLUMN v_metric.result IS 'Which result of it, 0 first, in the order asked for.';
COMMENT ON COLUMN v_metric.result_name IS 'Policy of the result; the name for a run; point, design or stage of an advice.';
COMMENT ON COLUMN v_metric.metric IS 'Metric id; spillway explain prints its formula.';
COMMENT ON COLUMN v_metric.value IS 'The value in the unit of the column unit; NULL when unknown.';
COMMENT ON COLUMN v_metric.value_text IS 'The exact decimal digits of an integer above 2^53; else NULL.';
COMMENT ON COLUMN v_metric.unit IS 'Unit of value, low and high.';
COMMENT ON COLUMN v_metric.evidence IS 'measured, replayed, modelled or assumed.';
COMMENT ON COLUMN v_metric.low IS 'Lower end of the interval, in unit; NULL without one.';
COMMENT ON COLUMN v_metric.high IS 'Upper end of the interval, in unit; NULL without one.';
COMMENT ON COLUMN v_metric.observations IS 'How many observations the value summarises; NULL where it is no summary.';
COMMENT ON COLUMN v_metric.reason IS 'Why the value is unknown, or what a reader must know of it.';
