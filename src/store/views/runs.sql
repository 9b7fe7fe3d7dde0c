CREATE OR REPLACE VIEW v_run AS
SELECT id, name, created_at,
  make_timestamp_ns((document->>'$.startedUnixNs')::BIGINT) AS started_at,
  (document->>'$.durationNs')::DOUBLE::BIGINT AS duration_ns,
  (document->>'$.intervalNs')::DOUBLE::BIGINT AS interval_ns,
  (document->'$.command')::VARCHAR[] AS command,
  document->>'$.workingDirectory' AS working_directory,
  document->>'$.status' AS status,
  document->>'$.statusReason' AS status_reason,
  (document->>'$.exit.code')::INTEGER AS exit_code,
  document->>'$.exit.signal' AS exit_signal,
  (document->>'$.recorder.ticks')::DOUBLE::BIGINT AS ticks,
  (document->>'$.recorder.missedTicks')::DOUBLE::BIGINT AS missed_ticks,
  (document->>'$.recorder.latenessP50Ns')::DOUBLE::BIGINT AS lateness_p50_ns,
  (document->>'$.recorder.latenessP99Ns')::DOUBLE::BIGINT AS lateness_p99_ns,
  (document->>'$.recorder.cpuSeconds')::DOUBLE AS recorder_cpu_seconds,
  (document->>'$.recorder.peakRssBytes')::DOUBLE::BIGINT AS recorder_peak_rss_bytes,
  document->'$.fingerprint' AS fingerprint
FROM private.entry WHERE kind = 'run';
COMMENT ON VIEW v_run IS 'Recordings, one row each.';
COMMENT ON COLUMN v_run.id IS 'Id of the run: r1.';
COMMENT ON COLUMN v_run.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_run.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_run.started_at IS 'Wall clock at the start, UTC: the anchor of every time_ns of the run.';
COMMENT ON COLUMN v_run.duration_ns IS 'Length of the recording in nanoseconds.';
COMMENT ON COLUMN v_run.interval_ns IS 'Sampling interval in nanoseconds.';
COMMENT ON COLUMN v_run.command IS 'The command recorded, one item a word; empty when none was.';
COMMENT ON COLUMN v_run.working_directory IS 'Folder the command ran in.';
COMMENT ON COLUMN v_run.status IS 'complete or partial.';
COMMENT ON COLUMN v_run.status_reason IS 'Why it is partial.';
COMMENT ON COLUMN v_run.exit_code IS 'Exit code of the command; NULL when a signal ended it or there was none.';
COMMENT ON COLUMN v_run.exit_signal IS 'Signal that ended the command.';
COMMENT ON COLUMN v_run.ticks IS 'Sampling ticks, a count.';
COMMENT ON COLUMN v_run.missed_ticks IS 'Ticks that came too late to be taken, a count.';
COMMENT ON COLUMN v_run.lateness_p50_ns IS 'Median lateness of a tick in nanoseconds.';
COMMENT ON COLUMN v_run.lateness_p99_ns IS '99th percentile of the lateness of a tick in nanoseconds.';
COMMENT ON COLUMN v_run.recorder_cpu_seconds IS 'CPU time of the recorder itself in seconds.';
COMMENT ON COLUMN v_run.recorder_peak_rss_bytes IS 'Peak resident memory of the recorder itself in bytes.';
COMMENT ON COLUMN v_run.fingerprint IS 'Hardware and software that results depend on, JSON.';

CREATE OR REPLACE VIEW v_source AS
SELECT id AS run_id, s->>'$.name' AS source, s->>'$.status' AS status, s->>'$.reason' AS reason,
  s->>'$.remedy' AS remedy, (s->>'$.samples')::DOUBLE::BIGINT AS samples,
  (s->>'$.sinceNs')::DOUBLE::BIGINT AS since_ns
FROM (SELECT id, unnest((document->'$.sources')::JSON[]) AS s FROM private.entry WHERE kind = 'run');
COMMENT ON VIEW v_source IS 'Sources of each run and whether they could be read.';
COMMENT ON COLUMN v_source.run_id IS 'Id of the run.';
COMMENT ON COLUMN v_source.source IS 'Name of the source: block, nvidia-smi.';
COMMENT ON COLUMN v_source.status IS 'ok, partial, absent or denied.';
COMMENT ON COLUMN v_source.reason IS 'Why it is not ok.';
COMMENT ON COLUMN v_source.remedy IS 'What to do about it.';
COMMENT ON COLUMN v_source.samples IS 'Readings taken, a count.';
COMMENT ON COLUMN v_source.since_ns IS 'Nanoseconds from the start of the run at which it became partial.';

CREATE OR REPLACE VIEW v_mark AS
SELECT id AS run_id, m->>'$.name' AS name, (m->>'$.timeNs')::DOUBLE::BIGINT AS time_ns
FROM (SELECT id, unnest((document->'$.marks')::JSON[]) AS m FROM private.entry WHERE kind = 'run');
COMMENT ON VIEW v_mark IS 'Marks that the workload set while it was recorded.';
COMMENT ON COLUMN v_mark.run_id IS 'Id of the run.';
COMMENT ON COLUMN v_mark.name IS 'Name of the mark.';
COMMENT ON COLUMN v_mark.time_ns IS 'Nanoseconds from the start of the run.';

CREATE OR REPLACE VIEW v_ledger AS
SELECT id AS run_id, l->>'$.source' AS source, l->>'$.device' AS device, l->>'$.field' AS field,
  l->>'$.unit' AS unit, (l->>'$.before')::DOUBLE AS before, (l->>'$.after')::DOUBLE AS after,
  (l->>'$.delta')::DOUBLE AS delta, l->>'$.reason' AS reason
FROM (SELECT id, unnest((document->'$.ledger')::JSON[]) AS l FROM private.entry WHERE kind = 'run');
COMMENT ON VIEW v_ledger IS 'Counters before and after each run, with their difference.';
COMMENT ON COLUMN v_ledger.run_id IS 'Id of the run.';
COMMENT ON COLUMN v_ledger.source IS 'Source that read the counter.';
COMMENT ON COLUMN v_ledger.device IS 'Device within the source; empty for the host.';
COMMENT ON COLUMN v_ledger.field IS 'Counter, its unit at the end of the name.';
COMMENT ON COLUMN v_ledger.unit IS 'Unit of before, after and delta.';
COMMENT ON COLUMN v_ledger.before IS 'Value before the run, in unit; NULL when unknown.';
COMMENT ON COLUMN v_ledger.after IS 'Value after the run, in unit; NULL when unknown.';
COMMENT ON COLUMN v_ledger.delta IS 'What the run added, in unit; NULL when unknown.';
COMMENT ON COLUMN v_ledger.reason IS 'Why a value is unknown.';

CREATE OR REPLACE VIEW v_series AS
SELECT e.id AS entry_id, s.series, s.source, s.device, s.field, s.unit, s.type
FROM private.sample_series s JOIN private.entry e USING (key);
COMMENT ON VIEW v_series IS 'Lines of counters over time, of runs and of sample traces.';
COMMENT ON COLUMN v_series.entry_id IS 'Id of the run (r1) or of the sample trace (t1).';
COMMENT ON COLUMN v_series.series IS 'Number of the series within the entry.';
COMMENT ON COLUMN v_series.source IS 'Source that read it.';
COMMENT ON COLUMN v_series.device IS 'Device within the source; empty for the host.';
COMMENT ON COLUMN v_series.field IS 'Field, its unit at the end of the name.';
COMMENT ON COLUMN v_series.unit IS 'Unit of the values.';
COMMENT ON COLUMN v_series.type IS 'counter (only grows) or gauge.';

CREATE OR REPLACE VIEW v_sample AS
SELECT e.id AS entry_id, x.time_ns, s.source, s.device, s.field, s.unit, x.value, r.text AS reason
FROM private.sample x
JOIN private.entry e USING (key)
JOIN private.sample_series s ON s.key = x.key AND s.series = x.series
LEFT JOIN private.sample_reason r ON r.key = x.key AND r.reason = x.reason;
COMMENT ON VIEW v_sample IS 'Every reading of every counter, one row each.';
COMMENT ON COLUMN v_sample.entry_id IS 'Id of the run (r1) or of the sample trace (t1).';
COMMENT ON COLUMN v_sample.time_ns IS 'Nanoseconds from the start of the run.';
COMMENT ON COLUMN v_sample.source IS 'Source that read it.';
COMMENT ON COLUMN v_sample.device IS 'Device within the source; empty for the host.';
COMMENT ON COLUMN v_sample.field IS 'Field, its unit at the end of the name.';
COMMENT ON COLUMN v_sample.unit IS 'Unit of the value.';
COMMENT ON COLUMN v_sample.value IS 'The reading, in unit; NULL when it could not be taken.';
COMMENT ON COLUMN v_sample.reason IS 'Why it could not be taken.';
