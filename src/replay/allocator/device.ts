import { Regions } from "./regions.ts";

/**
 * GPU memory as the driver hands it out, for deterministic addresses: capacity, 2 MiB granularity, the lowest
 * gap of the address space first. Addresses are those of the golden traces' mock driver.
 */
export interface Device {
  /** Address of a new region, or -1 when the device is full. */
  malloc(bytes: number): number;
  free(address: number): void;
  /** Address space without memory; it cannot run out. */
  reserve(bytes: number): number;
  unreserve(address: number): void;
  /** Memory for handles of one size, mapped at an address; false when the device is full, and nothing is left. */
  map(address: number, handles: number, handleBytes: number): boolean;
  unmap(address: number, handles: number, handleBytes: number): void;
  readonly usedBytes: number;
  readonly capacityBytes: number;
  readonly counters: DeviceCounters;
}

/** The driver's calls for memory in chunks that several addresses may share (cuMemCreate, cuMemMap). */
export interface ChunkDevice extends Device {
  /** Creates chunks of one size; false when the device is full, and those made in this call are gone again. */
  create(chunks: number, chunkBytes: number): boolean;
  release(chunks: number, chunkBytes: number): void;
  /** Maps chunks one by one, each with an access call of its own. */
  mapEach(chunks: number): void;
  /** Unmaps a whole range in one call. */
  unmapRange(): void;
}

/** Driver calls by kind. */
export interface DeviceCounters {
  malloc: number;
  mallocFail: number;
  free: number;
  create: number;
  map: number;
  unmap: number;
  release: number;
  setAccess: number;
  reserve: number;
}

const BASE = 0x7000_0000_0000;
const VA_BASE = 0x5000_0000_0000;
const GRANULARITY = 2 * 2 ** 20;

export function noCalls(): DeviceCounters {
  return {
    malloc: 0,
    mallocFail: 0,
    free: 0,
    create: 0,
    map: 0,
    unmap: 0,
    release: 0,
    setAccess: 0,
    reserve: 0,
  };
}

export function createDevice(capacityBytes: number): ChunkDevice {
  const memory = new Regions(BASE);
  const space = new Regions(VA_BASE);
  const counters = noCalls();
  let used = 0;
  const create = (chunks: number, chunkBytes: number): boolean => {
    const fit = Math.min(chunks, Math.floor((capacityBytes - used) / chunkBytes));
    // The call that fails is counted too; the chunks made so far are released again.
    counters.create += Math.min(chunks, fit + 1);
    if (fit < chunks) {
      counters.release += fit;
      return false;
    }
    used += chunks * chunkBytes;
    return true;
  };
  const release = (chunks: number, chunkBytes: number): void => {
    used -= chunks * chunkBytes;
    counters.release += chunks;
  };
  return {
    counters,
    capacityBytes,
    get usedBytes() {
      return used;
    },
    malloc(bytes) {
      const size = Math.ceil(bytes / GRANULARITY) * GRANULARITY;
      counters.malloc++;
      if (used + size > capacityBytes) {
        counters.mallocFail++;
        return -1;
      }
      used += size;
      return memory.take(size);
    },
    free(address) {
      counters.free++;
      used -= memory.drop(address);
    },
    reserve(bytes) {
      counters.reserve++;
      return space.take(bytes);
    },
    unreserve(address) {
      space.drop(address);
    },
    map(_address, handles, handleBytes) {
      if (!create(handles, handleBytes)) return false;
      counters.map += handles;
      counters.setAccess++;
      return true;
    },
    unmap(_address, handles, handleBytes) {
      release(handles, handleBytes);
      counters.unmap += handles;
    },
    create,
    release,
    mapEach(chunks) {
      counters.map += chunks;
      counters.setAccess += chunks;
    },
    unmapRange() {
      counters.unmap++;
    },
  };
}

/** All calls to the driver. */
export function driverCalls(c: DeviceCounters): number {
  return c.malloc + c.free + c.create + c.map + c.unmap + c.release + c.setAccess + c.reserve;
}
