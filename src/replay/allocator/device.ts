/**
 * GPU memory as the driver hands it out, for deterministic addresses: capacity, 2 MiB granularity, the lowest
 * gap of the address space first. Addresses are those of the golden traces' mock driver.
 */
export interface Device {
  /** Address of a new region, or -1 when the device is full. */
  malloc(bytes: number): number;
  free(address: number): void;
  readonly usedBytes: number;
  readonly capacityBytes: number;
  readonly counters: DeviceCounters;
}

/** Driver calls by kind. */
export interface DeviceCounters {
  malloc: number;
  mallocFail: number;
  free: number;
}

const BASE = 0x7000_0000_0000;
const GRANULARITY = 2 * 2 ** 20;

export function createDevice(capacityBytes: number): Device {
  // Regions in address order; there are as many as segments, and few calls to the driver.
  const starts: number[] = [];
  const sizes: number[] = [];
  const counters: DeviceCounters = { malloc: 0, mallocFail: 0, free: 0 };
  let used = 0;
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
      let at = 0;
      let address = BASE;
      while (at < starts.length && starts[at] - address < size) {
        address = starts[at] + sizes[at];
        at++;
      }
      starts.splice(at, 0, address);
      sizes.splice(at, 0, size);
      used += size;
      return address;
    },
    free(address) {
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[middle] < address) low = middle + 1;
        else high = middle;
      }
      if (starts[low] !== address) throw new RangeError(`device: no region starts at ${address}`);
      counters.free++;
      used -= sizes[low];
      starts.splice(low, 1);
      sizes.splice(low, 1);
    },
  };
}
