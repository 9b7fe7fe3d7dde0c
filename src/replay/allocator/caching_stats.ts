/** Counters of the allocator, as PyTorch's memory statistics define them. Bytes. */
export interface CachingStats {
  allocated: number;
  reserved: number;
  active: number;
  requested: number;
  inactiveSplit: number;
  inactiveSplitCount: number;
  segments: number;
  peakAllocated: number;
  peakReserved: number;
  peakRequested: number;
  peakActive: number;
  retries: number;
  ooms: number;
  deviceAllocs: number;
  deviceFrees: number;
  syncs: number;
}

export function noStats(): CachingStats {
  return {
    allocated: 0,
    reserved: 0,
    active: 0,
    requested: 0,
    inactiveSplit: 0,
    inactiveSplitCount: 0,
    segments: 0,
    peakAllocated: 0,
    peakReserved: 0,
    peakRequested: 0,
    peakActive: 0,
    retries: 0,
    ooms: 0,
    deviceAllocs: 0,
    deviceFrees: 0,
    syncs: 0,
  };
}
