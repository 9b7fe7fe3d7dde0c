import { dataError } from "../../model/errors.ts";
import { jsonObject, looseCounter, looseRecord } from "./loose_json.ts";

/** A namespace of `nvme list -o json`. Serial numbers are left out. */
export interface NvmeNamespace {
  readonly device: string;
  readonly model: string | null;
  readonly firmware: string | null;
  /** PCI address of the controller; null in the flat shape. */
  readonly address: string | null;
  readonly usedBytes: number | null;
  readonly sizeBytes: number | null;
}

const text = (value: unknown) => typeof value === "string" && value !== "" ? value.trim() : null;
const list = (value: unknown): unknown[] => Array.isArray(value) ? value : [];

/**
 * `nvme list -o json`: a flat list of devices (nvme-cli up to 2.3) or hosts with subsystems, controllers and
 * namespaces (2.11). With several controllers the namespaces stand at the subsystem.
 *
 * @throws data error when it is neither, or names no namespace.
 */
export function parseNvmeList(content: string, label: string): NvmeNamespace[] {
  if (content.trim() === "") {
    throw dataError(`${label}: nvme list is empty: no NVMe drive was there`);
  }
  const devices = list(jsonObject(content, label).Devices);
  const found = devices.flatMap((entry): NvmeNamespace[] => {
    const device = looseRecord(entry);
    if (typeof device.DevicePath === "string") {
      return [{
        device: device.DevicePath.replace(/^\/dev\//, ""),
        model: text(device.ModelNumber),
        firmware: text(device.Firmware),
        address: null,
        usedBytes: looseCounter(device.UsedBytes),
        sizeBytes: looseCounter(device.PhysicalSize),
      }];
    }
    return list(device.Subsystems).flatMap((item) => {
      const subsystem = looseRecord(item);
      const controllers = list(subsystem.Controllers).map(looseRecord);
      const own = controllers.flatMap((controller) =>
        list(controller.Namespaces).map((n) => [looseRecord(n), controller] as const)
      );
      const shared = list(subsystem.Namespaces).map((n) =>
        [looseRecord(n), controllers[0] ?? {}] as const
      );
      return [...own, ...shared].map(([namespace, controller]) => ({
        device: text(namespace.NameSpace) ?? "nvme",
        model: text(controller.ModelNumber),
        firmware: text(controller.Firmware),
        address: text(controller.Address),
        usedBytes: looseCounter(namespace.UsedBytes),
        sizeBytes: looseCounter(namespace.PhysicalSize),
      }));
    });
  });
  if (found.length === 0) {
    throw dataError(`${label}: no namespace in it: it is no nvme list of a machine with drives`);
  }
  return found;
}
