/** Host bytes over a drive's rated life: capacity x drive writes per day x days (365 a year). */
export function ratedBytes(capacityBytes: number, writesPerDay: number, years: number): number {
  return capacityBytes * writesPerDay * 365 * years;
}

/** Days until a drive's rated bytes are written at a steady rate. */
export function lifeDays(ratedBytesWritten: number, bytesPerSecond: number): number {
  return ratedBytesWritten / (bytesPerSecond * 86400);
}
