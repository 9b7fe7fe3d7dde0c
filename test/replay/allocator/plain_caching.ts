import type { AllocConf } from "../../../src/replay/allocator/alloc_conf.ts";

/**
 * A second model of PyTorch's caching allocator, written apart from the first one and without any of its
 * parts: objects in plain lists that are searched from end to end, statement after statement of
 * CUDACachingAllocator.cpp 2.6.0. It is slow and meant to be compared with.
 */
interface Block {
  ptr: number;
  size: number;
  requested: number;
  stream: number;
  small: boolean;
  allocated: boolean;
  events: number;
  uses: Set<number>;
  prev: Block | null;
  next: Block | null;
  mapped: boolean;
  segment: { base: number; size: number } | null;
  gcBase: number;
}

interface Region {
  at: number;
  size: number;
}

const MIB = 2 ** 20;

function firstFit(regions: Region[], base: number, size: number): number {
  regions.sort((a, b) => a.at - b.at);
  let at = base;
  for (const r of regions) {
    if (r.at - at >= size) break;
    at = r.at + r.size;
  }
  regions.push({ at, size });
  return at;
}

export class PlainCaching {
  free: Record<"small" | "large", Block[]> = { small: [], large: [] };
  unmapped: Block[] = [];
  calls = { small: 0, large: 0 };
  pending: { stream: number; done: boolean; block: Block }[] = [];
  device: Region[] = [];
  space: Region[] = [];
  used = 0;
  limit: number | null = null;
  c: Record<string, number> = {};

  constructor(readonly capacity: number, readonly conf: AllocConf) {
    for (
      const name of [
        "allocated",
        "reserved",
        "active",
        "requested",
        "inactive_split",
        "inactive_split_count",
        "segments",
        "num_alloc_retries",
        "num_ooms",
        "num_device_alloc",
        "num_device_free",
        "num_sync_all_streams",
        "cudaMalloc",
        "cudaMalloc_fail",
        "cudaFree",
        "cuMemCreate",
        "cuMemMap",
        "cuMemUnmap",
        "cuMemRelease",
        "cuMemSetAccess",
        "cuMemAddressReserve",
      ]
    ) this.c[name] = 0;
  }

  round(n: number): number {
    if (n < 512) return 512;
    let log = 0;
    while (2 ** (log + 1) <= n) log++;
    const d = this.conf.roundupDivisions[Math.min(15, Math.max(0, log - 20))];
    if (d > 1 && n > 512 * d) {
      if (2 ** log === n) return n;
      const step = 2 ** log / d;
      if (step < 1) return 2 ** (log + 1);
      return n % step === 0 ? n : n - (n % step) + step;
    }
    return n % 512 === 0 ? n : n - (n % 512) + 512;
  }

  segmentSize(size: number): number {
    if (size <= MIB) return 2 * MIB;
    if (size < 10 * MIB && size <= this.conf.largeSegmentBytes) return this.conf.largeSegmentBytes;
    return Math.ceil(size / (2 * MIB)) * 2 * MIB;
  }

  pool(b: { small: boolean }): Block[] {
    return b.small ? this.free.small : this.free.large;
  }

  order(list: Block[]): Block[] {
    return list.sort((a, b) => a.stream - b.stream || a.size - b.size || a.ptr - b.ptr);
  }

  insert(b: Block): void {
    b.gcBase = this.calls[b.small ? "small" : "large"];
    this.pool(b).push(b);
  }

  erase(b: Block): void {
    const list = this.pool(b);
    list.splice(list.indexOf(b), 1);
  }

  split(b: Block): boolean {
    return b.prev !== null || b.next !== null;
  }

  malloc(req: number, stream: number): Block | null {
    this.process();
    const size = this.round(req);
    const small = size <= MIB;
    const seg = this.segmentSize(size);
    const gc = this.limit !== null && this.conf.gcThreshold > 0;
    let b = this.getFree(small, stream, size, gc);
    if (b === null) {
      if (gc) this.collect();
      b = this.fresh(small, stream, size, seg, false);
      if (b === null && this.releaseAvailable(small, stream, size)) {
        b = this.fresh(small, stream, size, seg, false);
      }
      if (b === null) {
        this.releaseCached();
        b = this.fresh(small, stream, size, seg, true);
      }
    }
    if (b === null) {
      this.c.num_ooms++;
      return null;
    }
    const rest = b.size - size;
    const splits = small || this.conf.expandable
      ? rest >= 512
      : size < this.conf.maxSplitBytes && rest > MIB;
    const was = this.split(b);
    const plain = b.segment === null;
    if (splits) {
      const front: Block = { ...b, uses: new Set(), size, next: b };
      if (front.prev !== null) front.prev.next = front;
      b.prev = front;
      b.ptr += size;
      b.size = rest;
      this.insert(b);
      if (plain) {
        if (was) this.c.inactive_split -= size;
        else {
          this.c.inactive_split += rest;
          this.c.inactive_split_count++;
        }
      }
      b = front;
    } else if (was && plain) {
      this.c.inactive_split -= b.size;
      this.c.inactive_split_count--;
    }
    b.allocated = true;
    b.requested = req;
    this.c.allocated += b.size;
    this.c.active += b.size;
    this.c.requested += req;
    return b;
  }

  getFree(small: boolean, stream: number, size: number, gc: boolean): Block | null {
    if (gc) this.calls[small ? "small" : "large"]++;
    const list = this.order(this.pool({ small }));
    let at = list.findIndex((b) => b.stream > stream || (b.stream === stream && b.size >= size));
    if (at < 0 || list[at].stream !== stream) return null;
    const room = (b: Block) => b.size + (b.next !== null && !b.next.mapped ? b.next.size : 0);
    while (
      list[at].segment !== null && at + 1 < list.length && list[at + 1].stream === stream &&
      room(list[at + 1]) < room(list[at])
    ) at++;
    const b = list[at];
    if (size < this.conf.maxSplitBytes && b.size >= this.conf.maxSplitBytes) return null;
    if (
      size >= this.conf.maxSplitBytes && b.size >= size + this.conf.maxNonSplitRoundingBytes
    ) return null;
    list.splice(at, 1);
    return b;
  }

  fresh(small: boolean, stream: number, size: number, seg: number, retry: boolean): Block | null {
    if (retry) this.c.num_alloc_retries++;
    if (this.limit !== null && this.c.reserved + seg > this.limit) return null;
    if (this.conf.expandable) return this.expand(small, stream, size);
    this.c.cudaMalloc++;
    if (this.used + seg > this.capacity) {
      this.c.cudaMalloc_fail++;
      return null;
    }
    this.used += seg;
    this.c.num_device_alloc++;
    this.c.segments++;
    this.c.reserved += seg;
    return this.block(firstFit(this.device, 0x700000000000, seg), seg, stream, small);
  }

  block(ptr: number, size: number, stream: number, small: boolean): Block {
    return {
      ptr,
      size,
      requested: 0,
      stream,
      small,
      allocated: false,
      events: 0,
      uses: new Set(),
      prev: null,
      next: null,
      mapped: true,
      segment: null,
      gcBase: 0,
    };
  }

  handle(small: boolean): number {
    return small ? 2 * MIB : this.conf.largeSegmentBytes;
  }

  expand(small: boolean, stream: number, size: number): Block | null {
    const idle = (b: Block | null) => b !== null && !b.allocated && b.events === 0;
    let c: Block | null = null;
    const holes = this.unmapped.filter((u) => u.stream === stream && u.small === small)
      .sort((a, b) => a.ptr - b.ptr);
    for (const hole of holes) {
      const start = idle(hole.prev) ? hole.prev! : hole;
      let bytes = 0;
      for (let b: Block | null = start; bytes < size && idle(b); b = b!.next) bytes += b!.size;
      if (bytes >= size) {
        c = start;
        break;
      }
    }
    if (c === null) {
      const h = this.handle(small);
      const va = Math.ceil((this.capacity + Math.floor(this.capacity / 8)) / h) * h;
      this.c.cuMemAddressReserve++;
      c = this.block(firstFit(this.space, 0x500000000000, va), va, stream, small);
      c.mapped = false;
      c.segment = { base: c.ptr, size: va };
      this.unmapped.push(c);
    }
    if (!c.mapped && !this.map(c, Math.min(c.size, size))) return null;
    while (c.size < size) {
      const n: Block | null = c.next;
      if (n === null || !this.map(n, Math.min(size - c.size, n.size))) return null;
      c = n;
    }
    this.erase(c);
    return c;
  }

  map(b: Block, size: number): boolean {
    const h = this.handle(b.small);
    const count = Math.ceil(size / h);
    for (let i = 0; i < count; i++) {
      this.c.cuMemCreate++;
      if (this.used + h > this.capacity) {
        this.used -= i * h;
        this.c.cuMemRelease += i;
        return false;
      }
      this.used += h;
    }
    this.c.cuMemMap += count;
    this.c.cuMemSetAccess++;
    this.unmapped.splice(this.unmapped.indexOf(b), 1);
    b.mapped = true;
    if (count * h < b.size) {
      const rest: Block = {
        ...this.block(b.ptr + count * h, b.size - count * h, b.stream, b.small),
        mapped: false,
        segment: b.segment,
        prev: b,
        next: b.next,
      };
      if (rest.next !== null) rest.next.prev = rest;
      b.next = rest;
      b.size = count * h;
      this.unmapped.push(rest);
    }
    this.merge(b, b.prev);
    this.merge(b, b.next);
    this.insert(b);
    this.c.reserved += count * h;
    this.c.num_device_alloc++;
    return true;
  }

  merge(dst: Block, src: Block | null): number {
    if (src === null || src.allocated || src.events > 0 || dst.mapped !== src.mapped) return 0;
    if (dst.prev === src) {
      dst.ptr = src.ptr;
      dst.prev = src.prev;
      if (dst.prev !== null) dst.prev.next = dst;
    } else {
      dst.next = src.next;
      if (dst.next !== null) dst.next.prev = dst;
    }
    dst.size += src.size;
    if (src.mapped) this.erase(src);
    else this.unmapped.splice(this.unmapped.indexOf(src), 1);
    return src.size;
  }

  release(b: Block): void {
    b.allocated = false;
    this.c.allocated -= b.size;
    if (b.uses.size === 0) return this.complete(b);
    for (const stream of b.uses) {
      b.events++;
      this.pending.push({ stream, done: false, block: b });
    }
    b.uses.clear();
  }

  complete(b: Block): void {
    const { size } = b;
    let change = 0;
    let count = 0;
    for (const candidate of [b.prev, b.next]) {
      const subsumed = this.merge(b, candidate);
      if (subsumed > 0) {
        change -= subsumed;
        count--;
      }
    }
    this.insert(b);
    if (this.split(b)) {
      change += b.size;
      count++;
    }
    if (b.segment === null) {
      this.c.inactive_split += change;
      this.c.inactive_split_count += count;
    }
    this.c.active -= size;
    this.c.requested -= b.requested;
  }

  done(stream: number): void {
    for (const e of this.pending) if (e.stream === stream) e.done = true;
  }

  process(): void {
    const stopped = new Set<number>();
    for (const e of [...this.pending]) {
      if (stopped.has(e.stream)) continue;
      if (!e.done) {
        stopped.add(e.stream);
        continue;
      }
      this.pending.splice(this.pending.indexOf(e), 1);
      if (--e.block.events === 0) this.complete(e.block);
    }
  }

  giveBack(b: Block): void {
    this.c.cudaFree++;
    this.c.num_device_free++;
    this.device.splice(this.device.findIndex((r) => r.at === b.ptr), 1);
    this.used -= b.size;
    this.c.reserved -= b.size;
    this.c.segments--;
    this.erase(b);
  }

  releaseAvailable(small: boolean, stream: number, size: number): boolean {
    const max = this.conf.maxSplitBytes;
    if (max === Infinity) return false;
    const key = Math.max(size, max);
    const list = [...this.order(this.pool({ small }))];
    const at = list.findIndex((b) => b.stream > stream || (b.stream === stream && b.size >= key));
    if (at >= 0 && list[at].stream === stream && list[at].segment === null) {
      this.giveBack(list[at]);
      return true;
    }
    let got = 0;
    for (let i = (at < 0 ? list.length : at) - 1; i >= 0; i--) {
      const b = list[i];
      if (got >= key || b.size < max || b.stream !== stream) break;
      if (b.segment === null) {
        got += b.size;
        this.giveBack(b);
      }
    }
    return got >= key;
  }

  releaseCached(): void {
    this.c.num_sync_all_streams++;
    for (const e of this.pending.splice(0)) if (--e.block.events === 0) this.complete(e.block);
    for (const small of [false, true]) {
      const list = [...this.order(this.pool({ small }))];
      for (const b of list) if (b.segment === null && !this.split(b)) this.giveBack(b);
      for (const b of list) if (b.segment !== null) this.unmap(b);
    }
  }

  unmap(b: Block): void {
    const h = this.handle(b.small);
    const { base } = b.segment!;
    const first = Math.ceil((b.ptr - base) / h);
    const end = Math.floor((b.ptr + b.size - base) / h);
    if (first >= end) return;
    this.erase(b);
    const [from, to] = [base + first * h, base + end * h];
    const piece = (ptr: number, size: number, prev: Block | null, next: Block | null) => {
      const p: Block = {
        ...this.block(ptr, size, b.stream, b.small),
        segment: b.segment,
        prev,
        next,
      };
      if (prev !== null) prev.next = p;
      if (next !== null) next.prev = p;
      this.insert(p);
    };
    if (from > b.ptr) piece(b.ptr, from - b.ptr, b.prev, b);
    if (to < b.ptr + b.size) piece(to, b.ptr + b.size - to, b, b.next);
    b.ptr = from;
    b.size = to - from;
    b.mapped = false;
    this.merge(b, b.prev);
    this.merge(b, b.next);
    this.unmapped.push(b);
    this.c.cuMemUnmap += end - first;
    this.c.cuMemRelease += end - first;
    this.used -= to - from;
    this.c.reserved -= to - from;
    this.c.num_device_free++;
    if (b.prev === null && b.next === null) {
      this.unmapped.splice(this.unmapped.indexOf(b), 1);
      this.space.splice(this.space.findIndex((r) => r.at === b.ptr), 1);
    }
  }

  collect(): void {
    const threshold = Math.floor(this.conf.gcThreshold * this.limit!);
    if (this.c.reserved <= threshold) return;
    const target = this.c.reserved - threshold;
    const age = (b: Block) => this.calls.large - b.gcBase;
    const unsplit = () => this.order(this.free.large).filter((b) => !this.split(b));
    let sum = unsplit().reduce((n, b) => n + age(b), 0);
    let count = unsplit().length;
    let got = 0;
    let freed = true;
    while (got < target && freed && count > 0) {
      const mean = sum / count;
      freed = false;
      for (const b of unsplit()) {
        if (b.segment !== null || age(b) < mean) continue;
        freed = true;
        got += b.size;
        sum -= age(b);
        count--;
        this.giveBack(b);
      }
    }
  }
}
