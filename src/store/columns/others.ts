import {
  constantColumn,
  doubleColumn,
  int32Column,
  rowNumberColumn,
  uint32Column,
  uint8Column,
  wholeColumn,
} from "../bulk.ts";
import { gather, rowsOf, type TraceCodec } from "./codec.ts";

export const allocationCodec: TraceCodec<"allocations"> = {
  table: "allocation",
  write: (key, row, c) => [
    constantColumn(key),
    rowNumberColumn(row),
    uint8Column(c.op),
    int32Column(c.id, true),
    doubleColumn(c.size),
    wholeColumn(c.address),
    int32Column(c.stream, false),
    int32Column(c.device, false),
    wholeColumn(c.timeNs),
    int32Column(c.pool ?? new Int32Array(c.count), false),
    int32Column(c.site ?? new Int32Array(c.count).fill(-1), true),
  ],
  select: `SELECT op, coalesce(id, -1), coalesce(size, 'nan'::DOUBLE),
      coalesce(address::DOUBLE, 'nan'::DOUBLE), stream, device,
      coalesce(time_ns::DOUBLE, 'nan'::DOUBLE), coalesce(pool, 0), coalesce(site, -1)
    FROM private.allocation WHERE key = $1 ORDER BY row`,
  read: (chunks) => ({
    kind: "allocations",
    count: rowsOf(chunks),
    op: gather(chunks, 0, Uint8Array),
    id: gather(chunks, 1, Int32Array),
    size: gather(chunks, 2, Float64Array),
    address: gather(chunks, 3, Float64Array),
    stream: gather(chunks, 4, Int32Array),
    device: gather(chunks, 5, Int32Array),
    timeNs: gather(chunks, 6, Float64Array),
    pool: gather(chunks, 7, Int32Array),
    site: gather(chunks, 8, Int32Array),
  }),
};

export const faultCodec: TraceCodec<"faults"> = {
  table: "fault",
  write: (key, row, c) => [
    constantColumn(key),
    rowNumberColumn(row),
    doubleColumn(c.startSeconds),
    uint8Column(c.faultKind),
    int32Column(c.node, true),
    doubleColumn(c.downSeconds),
  ],
  select: `SELECT start_seconds, fault_kind, coalesce(node, -1),
      coalesce(down_seconds, 'nan'::DOUBLE)
    FROM private.fault WHERE key = $1 ORDER BY row`,
  read: (chunks) => ({
    kind: "faults",
    count: rowsOf(chunks),
    startSeconds: gather(chunks, 0, Float64Array),
    faultKind: gather(chunks, 1, Uint8Array),
    node: gather(chunks, 2, Int32Array),
    downSeconds: gather(chunks, 3, Float64Array),
  }),
};

export const ioCodec: TraceCodec<"io"> = {
  table: "io",
  write: (key, row, c) => [
    constantColumn(key),
    rowNumberColumn(row),
    wholeColumn(c.timeNs),
    uint8Column(c.op),
    wholeColumn(c.offsetBytes),
    wholeColumn(c.lengthBytes),
    int32Column(c.file, true),
  ],
  select: `SELECT coalesce(time_ns::DOUBLE, 'nan'::DOUBLE), op, offset_bytes::DOUBLE,
      length_bytes::DOUBLE, coalesce(file, -1)
    FROM private.io WHERE key = $1 ORDER BY row`,
  read: (chunks) => ({
    kind: "io",
    count: rowsOf(chunks),
    timeNs: gather(chunks, 0, Float64Array),
    op: gather(chunks, 1, Uint8Array),
    offsetBytes: gather(chunks, 2, Float64Array),
    lengthBytes: gather(chunks, 3, Float64Array),
    file: gather(chunks, 4, Int32Array),
  }),
};

export const tensorCodec: TraceCodec<"tensors"> = {
  table: "tensor",
  write: (key, row, c) => [
    constantColumn(key),
    rowNumberColumn(row),
    int32Column(c.id, false),
    wholeColumn(c.sizeBytes),
    wholeColumn(c.startNs),
    wholeColumn(c.endNs),
    uint8Column(c.category),
  ],
  select: `SELECT id, size_bytes::DOUBLE, coalesce(start_ns::DOUBLE, 'nan'::DOUBLE),
      coalesce(end_ns::DOUBLE, 'nan'::DOUBLE), category
    FROM private.tensor WHERE key = $1 ORDER BY row`,
  read: (chunks) => ({
    kind: "tensors",
    count: rowsOf(chunks),
    id: gather(chunks, 0, Int32Array),
    sizeBytes: gather(chunks, 1, Float64Array),
    startNs: gather(chunks, 2, Float64Array),
    endNs: gather(chunks, 3, Float64Array),
    category: gather(chunks, 4, Uint8Array),
  }),
};

/** Readings of runs and of sample traces; reasons stay numbers here, their texts lie beside them. */
export const sampleCodec: TraceCodec<"samples"> = {
  table: "sample",
  write: (key, _row, c) => [
    constantColumn(key),
    wholeColumn(c.timeNs),
    uint32Column(c.series),
    doubleColumn(c.value),
    int32Column(c.reason, true),
  ],
  select: `SELECT time_ns::DOUBLE, series, coalesce(value, 'nan'::DOUBLE), coalesce(reason, -1)
    FROM private.sample WHERE key = $1 ORDER BY time_ns, rowid`,
  read: (chunks) => ({
    kind: "samples",
    count: rowsOf(chunks),
    timeNs: gather(chunks, 0, Float64Array),
    series: gather(chunks, 1, Uint32Array),
    value: gather(chunks, 2, Float64Array),
    reason: gather(chunks, 3, Int32Array),
  }),
};
