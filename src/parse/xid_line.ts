/** An Xid of a kernel log line. */
export interface XidLine {
  /** Seconds on the log's own clock: since 1970, or since boot; null where the line has none. */
  readonly seconds: number | null;
  /** PCI address as printed: `0000:9b:00`. */
  readonly device: string;
  readonly xid: number;
}

const XID = /NVRM: Xid \((?:PCI:)?([0-9a-fA-F:.]+)\): (\d+)/;

/** `6,3964,206764307,-;…`: priority, sequence, microseconds since boot. */
const KMSG = /^\d+,\d+,(\d+),/;
/** `[Sun Feb 23 16:24:18 2025]`, taken as UTC. */
const CTIME = /^\s*\[\w{3} (\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})\]/;
/** `[ 1234.567890]`. */
const BOOT = /^(?:<\d+>)?\s*\[\s*(\d+\.\d+)\]/;
/** `2025-01-21T02:21:33,498559+00:00`, anywhere before the message. */
const ISO = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:?\d{2})/;

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

function secondsOf(line: string): number | null {
  const kmsg = KMSG.exec(line);
  if (kmsg !== null) return Number(kmsg[1]) / 1e6;
  const boot = BOOT.exec(line);
  if (boot !== null) return Number(boot[1]);
  const ctime = CTIME.exec(line);
  if (ctime !== null) {
    const month = MONTHS.indexOf(ctime[1]) / 3;
    const [day, hour, minute, second, year] = ctime.slice(2).map(Number);
    return Number.isInteger(month) && month >= 0
      ? Date.UTC(year, month, day, hour, minute, second) / 1000
      : null;
  }
  const iso = ISO.exec(line.split("NVRM:")[0]);
  if (iso === null) return null;
  const zone = /^[+-]\d{4}$/.test(iso[3]) ? `${iso[3].slice(0, 3)}:${iso[3].slice(3)}` : iso[3];
  const whole = Date.parse(iso[1] + zone);
  return Number.isNaN(whole) ? null : whole / 1000 + Number(`0.${iso[2] ?? "0"}`);
}

/** Without an Xid the driver says over three lines that a GPU fell off the bus: the first names it. */
const LOST_GPU = /NVRM: The NVIDIA GPU ([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})(?:\.\d)?/;
const FALLEN = /NVRM:.*fallen off the bus/;
/** The Xid that means the same (NVIDIA, Xid errors: GPU has fallen off the bus). */
const FALLEN_XID = 79;

/** Reads lines one after the other, for what the driver spreads over several. */
export function createXidReader(): (line: string) => XidLine | null {
  let pending: { seconds: number | null; device: string; age: number } | null = null;
  return (line) => {
    const own = xidOfLine(line);
    if (own !== null) {
      pending = null;
      return own;
    }
    const named = LOST_GPU.exec(line);
    if (named !== null) {
      const device = named[1].toLowerCase().replace(/^0{4}(?=[0-9a-f]{4}:)/, "");
      pending = { seconds: secondsOf(line), device, age: 0 };
    } else if (pending !== null && ++pending.age > 4) pending = null;
    if (pending === null || !FALLEN.test(line)) return null;
    const { seconds, device } = pending;
    pending = null;
    return { seconds, device, xid: FALLEN_XID };
  };
}

/** Reads the Xid of one line of a kernel log; null for every other line. */
export function xidOfLine(line: string): XidLine | null {
  const match = XID.exec(line);
  if (match === null) return null;
  const device = match[1].toLowerCase().replace(/\.\d$/, "");
  return { seconds: secondsOf(line), device, xid: Number(match[2]) };
}
