CREATE OR REPLACE VIEW v_trace AS
SELECT id, name, created_at, document->>'$.kind' AS kind, document->>'$.format' AS format,
  document->>'$.sha256' AS sha256, (document->>'$.rows')::DOUBLE::BIGINT AS rows,
  (document->'$.notes')::VARCHAR[] AS notes, document->'$.meta' AS meta
FROM private.entry WHERE kind = 'trace';
COMMENT ON VIEW v_trace IS 'Traces, one row each.';
COMMENT ON COLUMN v_trace.id IS 'Id of the trace: t1.';
COMMENT ON COLUMN v_trace.name IS 'Name, unique within its kind.';
COMMENT ON COLUMN v_trace.created_at IS 'When it was stored, UTC.';
COMMENT ON COLUMN v_trace.kind IS 'requests, allocations, faults, io, tensors or samples: the view that holds its rows.';
COMMENT ON COLUMN v_trace.format IS 'Importer that read it, or generated.';
COMMENT ON COLUMN v_trace.sha256 IS 'SHA-256 of the imported bytes, hex; NULL when generated.';
COMMENT ON COLUMN v_trace.rows IS 'Number of rows, a count.';
COMMENT ON COLUMN v_trace.notes IS 'What the importer recognised, dropped or repaired.';
COMMENT ON COLUMN v_trace.meta IS 'What the trace says about itself, JSON.';

CREATE OR REPLACE VIEW v_request AS
SELECT e.id AS trace_id, r.row, r.arrival_ns, r.input_tokens, r.output_tokens, r.session, r.turn, r.think_ns,
  CASE WHEN r.block_runs IS NOT NULL THEN coalesce(list_sum(r.block_runs[2:len(r.block_runs):2])::BIGINT, 0) END AS blocks,
  flatten(list_transform(range(0, len(r.block_runs), 2),
    lambda i: range(r.block_runs[i + 1]::BIGINT, r.block_runs[i + 1]::BIGINT + r.block_runs[i + 2]))) AS block_ids
FROM private.request r JOIN private.entry e USING (key);
COMMENT ON VIEW v_request IS 'LLM serving requests of request traces.';
COMMENT ON COLUMN v_request.trace_id IS 'Id of the trace.';
COMMENT ON COLUMN v_request.row IS 'Row within the trace, 0 first, in the order of the input.';
COMMENT ON COLUMN v_request.arrival_ns IS 'Nanoseconds from the start of the trace.';
COMMENT ON COLUMN v_request.input_tokens IS 'Prompt tokens, a count.';
COMMENT ON COLUMN v_request.output_tokens IS 'Generated tokens, a count.';
COMMENT ON COLUMN v_request.session IS 'Dense session number; NULL where the trace has none.';
COMMENT ON COLUMN v_request.turn IS 'Turn within the session, 0 first; NULL where unknown.';
COMMENT ON COLUMN v_request.think_ns IS 'Nanoseconds between the end of the previous request of the session and this one; NULL where unknown.';
COMMENT ON COLUMN v_request.blocks IS 'Number of block_ids, a count; NULL when the trace has no blocks.';
COMMENT ON COLUMN v_request.block_ids IS 'Dense ids of the prompt''s blocks, in order; NULL when the trace has no blocks.';

CREATE OR REPLACE VIEW v_allocation AS
SELECT e.id AS trace_id, a.row,
  ['alloc', 'free', 'record_stream', 'stream_done', 'empty_cache', 'set_fraction', 'free_completed', 'segment_alloc', 'segment_free', 'segment_map', 'segment_unmap', 'snapshot', 'oom'][a.op + 1] AS op,
  a.id AS allocation, a.size, a.address, a.stream, a.device, a.time_ns, coalesce(a.pool, 0) AS pool, a.site
FROM private.allocation a JOIN private.entry e USING (key);
COMMENT ON VIEW v_allocation IS 'GPU-memory allocator events of allocation traces.';
COMMENT ON COLUMN v_allocation.trace_id IS 'Id of the trace.';
COMMENT ON COLUMN v_allocation.row IS 'Row within the trace, 0 first, in the order of the input.';
COMMENT ON COLUMN v_allocation.op IS 'What happened: alloc, free, segment_alloc, oom, ...';
COMMENT ON COLUMN v_allocation.allocation IS 'Dense id of the allocation; NULL where the row is about none.';
COMMENT ON COLUMN v_allocation.size IS 'Bytes; for set_fraction the fraction.';
COMMENT ON COLUMN v_allocation.address IS 'Address in the recorded run; NULL where the trace has none.';
COMMENT ON COLUMN v_allocation.stream IS 'Dense stream number.';
COMMENT ON COLUMN v_allocation.device IS 'GPU index.';
COMMENT ON COLUMN v_allocation.time_ns IS 'Nanoseconds from the start of the trace; NULL where the trace has none.';
COMMENT ON COLUMN v_allocation.pool IS 'Number of the private pool (CUDA graphs); 0 is the default.';
COMMENT ON COLUMN v_allocation.site IS 'Who allocated: index into the sites of the trace''s document; NULL where unknown.';

CREATE OR REPLACE VIEW v_fault AS
SELECT e.id AS trace_id, f.row, f.start_seconds,
  ['software', 'hang', 'gpu', 'node', 'network', 'sdc', 'preemption', 'straggler', 'node_added', 'unknown', 'planned'][f.fault_kind + 1] AS kind,
  f.node, f.down_seconds
FROM private.fault f JOIN private.entry e USING (key);
COMMENT ON VIEW v_fault IS 'Failures of fault traces.';
COMMENT ON COLUMN v_fault.trace_id IS 'Id of the trace.';
COMMENT ON COLUMN v_fault.row IS 'Row within the trace, 0 first, in the order of the input.';
COMMENT ON COLUMN v_fault.start_seconds IS 'Seconds from the start of the trace.';
COMMENT ON COLUMN v_fault.kind IS 'software, hang, gpu, node, network, sdc, preemption, straggler, node_added, unknown or planned.';
COMMENT ON COLUMN v_fault.node IS 'Dense node number; NULL where unknown.';
COMMENT ON COLUMN v_fault.down_seconds IS 'Seconds until the node is back; NULL where unknown.';

CREATE OR REPLACE VIEW v_job AS
SELECT e.id AS trace_id, j.job->>'id' AS job_id, j.job->>'name' AS name, j.job->>'user' AS user_name,
  j.job->>'state' AS state, (j.job->>'nodes')::INTEGER AS nodes, (j.job->>'gpus')::INTEGER AS gpus,
  (j.job->>'startSeconds')::DOUBLE AS start_seconds, (j.job->>'endSeconds')::DOUBLE AS end_seconds,
  ((j.job->>'endSeconds')::DOUBLE - (j.job->>'startSeconds')::DOUBLE) * (j.job->>'nodes')::DOUBLE AS node_seconds
FROM private.entry e, LATERAL (
  SELECT unnest((e.document->'$.meta.jobs')::JSON[]) AS job
) j
WHERE e.kind = 'trace' AND json_type(e.document, '$.meta.jobs') = 'ARRAY';
COMMENT ON VIEW v_job IS 'Jobs of a scheduler''s log (sacct), beside the failures it gave.';
COMMENT ON COLUMN v_job.trace_id IS 'Id of the trace.';
COMMENT ON COLUMN v_job.job_id IS 'Id of the job as logged.';
COMMENT ON COLUMN v_job.name IS 'Name of the job; NULL where the log has none.';
COMMENT ON COLUMN v_job.user_name IS 'User of the job; NULL where the log has none.';
COMMENT ON COLUMN v_job.state IS 'Final state: COMPLETED, NODE_FAIL, FAILED, ...';
COMMENT ON COLUMN v_job.nodes IS 'Nodes of the job, a count; NULL where unknown.';
COMMENT ON COLUMN v_job.gpus IS 'GPUs of the job, a count; NULL where unknown.';
COMMENT ON COLUMN v_job.start_seconds IS 'Start, in seconds from the start of the trace; NULL when it never ran.';
COMMENT ON COLUMN v_job.end_seconds IS 'End, in seconds from the start of the trace; NULL while it ran.';
COMMENT ON COLUMN v_job.node_seconds IS 'Node-seconds it held; NULL where unknown.';

CREATE OR REPLACE VIEW v_io AS
SELECT e.id AS trace_id, i.row, i.time_ns, ['read', 'write', 'flush'][i.op + 1] AS op, i.offset_bytes, i.length_bytes,
  -- A negative index would count from the end.
  CASE WHEN i.file >= 0 THEN e.document->'$.meta'->'$.files'->>(i.file::BIGINT) END AS file
FROM private.io i JOIN private.entry e USING (key);
COMMENT ON VIEW v_io IS 'Reads and writes of storage traces.';
COMMENT ON COLUMN v_io.trace_id IS 'Id of the trace.';
COMMENT ON COLUMN v_io.row IS 'Row within the trace, 0 first, in the order of the input.';
COMMENT ON COLUMN v_io.time_ns IS 'Nanoseconds from the start of the trace; NULL where the trace has none.';
COMMENT ON COLUMN v_io.op IS 'read, write or flush.';
COMMENT ON COLUMN v_io.offset_bytes IS 'First byte, in bytes from the start of the file.';
COMMENT ON COLUMN v_io.length_bytes IS 'Length in bytes.';
COMMENT ON COLUMN v_io.file IS 'File or device; NULL where the trace names none.';

CREATE OR REPLACE VIEW v_tensor AS
SELECT e.id AS trace_id, t.row, t.id AS tensor, t.size_bytes, t.start_ns, t.end_ns,
  e.document->'$.meta'->'$.categories'->>(t.category::BIGINT) AS category
FROM private.tensor t JOIN private.entry e USING (key);
COMMENT ON VIEW v_tensor IS 'Lifetimes of tensors of tensor traces.';
COMMENT ON COLUMN v_tensor.trace_id IS 'Id of the trace.';
COMMENT ON COLUMN v_tensor.row IS 'Row within the trace, 0 first, in the order of the input.';
COMMENT ON COLUMN v_tensor.tensor IS 'Dense id of the tensor.';
COMMENT ON COLUMN v_tensor.size_bytes IS 'Size in bytes.';
COMMENT ON COLUMN v_tensor.start_ns IS 'Nanoseconds from the start of the trace.';
COMMENT ON COLUMN v_tensor.end_ns IS 'Exclusive end in nanoseconds; NULL when it outlives the trace.';
COMMENT ON COLUMN v_tensor.category IS 'Category of the tensor.';
