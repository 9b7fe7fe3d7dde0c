const LAYERED = /^([^/]*:)?(dm-|md|loop|zram|ram|sr|drbd|bcache)\d*/;
/** A path of one controller to a namespace that several share, as the kernel's native multipath names it. */
const NVME_PATH = /^((?:[^/]*:)?nvme\d+)c\d+(n\d+)$/;

/**
 * Which of these block devices repeat what others do: layers (`dm-0`, `md0`, a loop device) and, where the
 * paths of a multipath namespace are listed (`nvme0c0n1`), its head (`nvme0n1`), which counts the same bytes
 * again or, on older kernels, nothing.
 */
export function layeredDevices(names: readonly string[]): ReadonlySet<string> {
  const heads = new Set(
    names.map((name) => NVME_PATH.exec(name)).filter((match) => match !== null)
      .map((match) => `${match[1]}${match[2]}`),
  );
  return new Set(names.filter((name) => LAYERED.test(name) || heads.has(name)));
}
