import { accessSync, constants } from "node:fs";
import { LOG_BYTES } from "../../parse/nvme/log_page.ts";
import { cString, type NativeLibrary, openLibrary } from "../../runtime/ffi/library.ts";

/** `_IOWR('N', 0x41, struct nvme_admin_cmd)` of linux/nvme_ioctl.h; the structure has 72 bytes. */
const ADMIN_COMMAND = 0xc0484e41n;
const COMMAND_BYTES = 72;
const GET_LOG_PAGE = 0x02;
const GET_FEATURES = 0x0a;
const POWER_MANAGEMENT = 0x02;
const TIMEOUT_MS = 5000;
const READ_ONLY = 0;

/** What an admin command gave: the bytes, or why not. */
export type AdminAnswer = { readonly bytes: Uint8Array; readonly result: number } | {
  readonly problem: string;
  readonly denied: boolean;
};

/** Admin commands to NVMe controllers through the kernel's pass-through, without a child process. */
export interface NvmeAdmin {
  /** A log page of 512 bytes; `specific` names an endurance group. */
  logPage(device: string, page: number, specific?: number): Promise<AdminAnswer>;
  /** The power state the controller is in. */
  powerState(device: string): Promise<number | null>;
  close(): void;
}

/**
 * Opens the pass-through, or says null where it would hold up every tick: a drive may take milliseconds, and
 * only a runtime that calls on another thread keeps its ticks meanwhile.
 */
export async function openNvmeAdmin(): Promise<NvmeAdmin | null> {
  const opened = await openLibrary("libc.so.6", {
    open: { parameters: ["buffer", "i32"] },
    close: { parameters: ["i32"] },
    ioctl: { parameters: ["i32", "u64", "buffer"], blocking: true },
  });
  if (!("library" in opened)) return null;
  const { library } = opened;
  if (!library.threads) {
    library.close();
    return null;
  }
  return bind(library);
}

function bind(library: NativeLibrary): NvmeAdmin {
  const submit = async (
    device: string,
    opcode: number,
    namespace: number,
    words: readonly number[],
    bytes: Uint8Array,
  ): Promise<AdminAnswer> => {
    const path = `/dev/${device}`;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      const denied = (error as NodeJS.ErrnoException).code === "EACCES";
      return { denied, problem: denied ? `${path}: permission denied` : `${path} is not there` };
    }
    const descriptor = library.call("open", [cString(path), READ_ONLY]);
    if (descriptor < 0) return { denied: true, problem: `${path} cannot be opened` };
    try {
      const command = new Uint8Array(COMMAND_BYTES);
      const view = new DataView(command.buffer);
      view.setUint8(0, opcode);
      view.setUint32(4, namespace, true);
      view.setBigUint64(24, bytes.length === 0 ? 0n : library.addressOf(bytes), true);
      view.setUint32(36, bytes.length, true);
      words.forEach((word, i) => view.setUint32(40 + 4 * i, word, true));
      view.setUint32(64, TIMEOUT_MS, true);
      const status = await library.callBlocking("ioctl", [descriptor, ADMIN_COMMAND, command]);
      if (status === 0) return { bytes, result: view.getUint32(68, true) };
      return {
        denied: status < 0,
        problem: status < 0
          ? `${path}: the kernel refuses the admin command (root is needed)`
          : `${path}: the drive answers with status 0x${status.toString(16)}`,
      };
    } finally {
      library.call("close", [descriptor]);
    }
  };
  return {
    logPage: (device, page, specific = 0) => {
      const words = LOG_BYTES / 4 - 1;
      return submit(
        device,
        GET_LOG_PAGE,
        0xffffffff,
        [page | (words << 16) >>> 0, specific << 16 >>> 0],
        new Uint8Array(LOG_BYTES),
      );
    },
    powerState: async (device) => {
      const answer = await submit(device, GET_FEATURES, 0, [POWER_MANAGEMENT], new Uint8Array(0));
      return "bytes" in answer ? answer.result & 0x1f : null;
    },
    close: () => library.close(),
  };
}
