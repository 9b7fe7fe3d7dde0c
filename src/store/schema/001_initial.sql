-- Version 1. Everything in the schema `private` may change with any version; the views are the contract.
CREATE SCHEMA private;

CREATE TABLE private.meta (
  name VARCHAR PRIMARY KEY,
  value VARCHAR NOT NULL
);

CREATE TABLE private.migration (
  version INTEGER PRIMARY KEY,
  name VARCHAR NOT NULL,
  applied_at TIMESTAMP NOT NULL
);

-- One row for everything that has an id and a name. `key` joins the other tables.
CREATE TABLE private.entry (
  key INTEGER PRIMARY KEY,
  id VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  created_at TIMESTAMP NOT NULL,
  summary VARCHAR NOT NULL,
  document JSON NOT NULL
);

CREATE TABLE private.sample_series (
  key INTEGER NOT NULL,
  series UINTEGER NOT NULL,
  source VARCHAR NOT NULL,
  device VARCHAR NOT NULL,
  field VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  type VARCHAR NOT NULL
);

CREATE TABLE private.sample_reason (
  key INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  text VARCHAR NOT NULL
);

CREATE TABLE private.sample (
  key INTEGER NOT NULL,
  time_ns BIGINT NOT NULL,
  series UINTEGER NOT NULL,
  value DOUBLE,
  reason INTEGER
);

-- block_runs: start, count, start, count, ...: dense block ids are mostly consecutive.
CREATE TABLE private.request (
  key INTEGER NOT NULL,
  row INTEGER NOT NULL,
  arrival_ns BIGINT NOT NULL,
  input_tokens UINTEGER NOT NULL,
  output_tokens UINTEGER NOT NULL,
  session INTEGER,
  turn INTEGER,
  think_ns BIGINT,
  block_runs UINTEGER[]
);

CREATE TABLE private.allocation (
  key INTEGER NOT NULL,
  row INTEGER NOT NULL,
  op UTINYINT NOT NULL,
  id INTEGER,
  size DOUBLE NOT NULL,
  address BIGINT,
  stream INTEGER NOT NULL,
  device INTEGER NOT NULL,
  time_ns BIGINT
);

CREATE TABLE private.fault (
  key INTEGER NOT NULL,
  row INTEGER NOT NULL,
  start_seconds DOUBLE NOT NULL,
  fault_kind UTINYINT NOT NULL,
  node INTEGER,
  down_seconds DOUBLE
);

CREATE TABLE private.io (
  key INTEGER NOT NULL,
  row INTEGER NOT NULL,
  time_ns BIGINT,
  op UTINYINT NOT NULL,
  offset_bytes BIGINT NOT NULL,
  length_bytes BIGINT NOT NULL,
  file INTEGER
);

CREATE TABLE private.tensor (
  key INTEGER NOT NULL,
  row INTEGER NOT NULL,
  id INTEGER NOT NULL,
  size_bytes BIGINT NOT NULL,
  start_ns BIGINT,
  end_ns BIGINT,
  category UTINYINT NOT NULL
);

-- Metrics of runs (result 0), replays (a row a policy) and estimates (a row a result).
CREATE TABLE private.metric (
  key INTEGER NOT NULL,
  result INTEGER NOT NULL,
  result_name VARCHAR NOT NULL,
  metric VARCHAR NOT NULL,
  value DOUBLE,
  value_text VARCHAR,
  unit VARCHAR NOT NULL,
  evidence VARCHAR NOT NULL,
  low DOUBLE,
  high DOUBLE,
  observations BIGINT,
  reason VARCHAR
);
