import type { Coefficient, FactorSet } from "../factors/coefficient.ts";
import { HOURS_PER_MONTH, JOULES_PER_KWH } from "../formulas/units.ts";
import type { Formula, Reader } from "../interval.ts";

/** A medium that data can lie on, with what it costs as formulas over coefficients. */
export interface Medium {
  readonly name: string;
  readonly title: string;
  /** Time to the first byte, seconds; assumed, of the class of medium. */
  readonly latencySeconds: number;
  /**
   * Bytes a second that a stored GB brings with it (a drive's rate over its capacity); more capacity is
   * bought where the data needs more. Infinity where the service scales by itself.
   */
  readonly bytesPerSecondPerGb: number;
  /** True where the service keeps copies itself; `copies` of the data then add nothing. */
  readonly keepsCopies: boolean;
  /** IT watts a GB of user data, copies included. */
  readonly wattsPerGb: Priced;
  /** Embodied grams a GB of user data over its life, and of a written GB; null: writes do not wear it. */
  readonly embodiedGramsPerGb: Priced;
  readonly writeGramsPerGb: Priced | null;
  /** IT joules of a GB written or read; null where nobody has published any. */
  readonly joulesPerGbMoved: Priced | null;
  /** Dollars; null where no price is known. */
  readonly usdPerGbMonth: Priced | null;
  /** Of drives that wear: the capex inside `usdPerGbMonth`, and what a written GB uses up of it. */
  readonly wearUsd: { readonly capexPerGbMonth: Priced; readonly perGbWritten: Priced } | null;
  readonly usdPerThousandWrites: Priced | null;
  readonly usdPerThousandReads: Priced | null;
  readonly usdPerGbRead: Priced | null;
  /** Bills count 2^30 bytes as a GB. */
  readonly billedInGib: boolean;
  readonly minimumDays: number;
  readonly minimumObjectBytes: number;
}

/** A formula with the ids it reads. */
export interface Priced {
  readonly ids: readonly string[];
  readonly value: Formula;
}

function read(id: string): Priced {
  return { ids: [id], value: (get) => get(id) };
}

function product(ids: readonly string[], value: (get: Reader) => number): Priced {
  return { ids, value };
}

const MONTHS = (get: Reader) => get("life.years") * 12;
const DEPRECIATION = (get: Reader) => get("depreciation.years") * 12;

function ownedUsd(price: string, watts: Priced, factors: FactorSet): Priced | null {
  if (!factors.has("electricity.usd_per_kwh") || !factors.has("site.pue")) return null;
  return product(
    [price, "depreciation.years", "site.pue", "electricity.usd_per_kwh", ...watts.ids],
    (get) =>
      get(price) / DEPRECIATION(get) +
      watts.value(get) * HOURS_PER_MONTH / 1000 * get("site.pue") * get("electricity.usd_per_kwh"),
  );
}

const HDD_EMBODIED: Priced = product(
  ["hdd.embodied", "hdd.capacity"],
  (get) => get("hdd.embodied") * 1000 / get("hdd.capacity"),
);

function copies(priced: Priced): Priced {
  return product(
    [...priced.ids, "object.replication"],
    (get) => priced.value(get) * get("object.replication"),
  );
}

/** Full drive writes over the rated life, a GB of capacity. */
const RATED_WRITES = ["ssd.dwpd", "ssd.warranty_years"] as const;
const ratedWrites = (get: Reader) => get("ssd.dwpd") * 365 * get("ssd.warranty_years");

const LOCAL = {
  joulesPerGbMoved: null,
  wearUsd: null,
  keepsCopies: false,
  usdPerThousandWrites: null,
  usdPerThousandReads: null,
  usdPerGbRead: null,
  billedInGib: false,
  minimumDays: 0,
  minimumObjectBytes: 0,
} as const;

interface ObjectClass {
  readonly name: string;
  readonly title: string;
  readonly latencySeconds: number;
  readonly storage: string;
  readonly puts: string;
  readonly gets: string | null;
  readonly retrieval: string | null;
  readonly minimumDays: number;
  readonly minimumObjectBytes: number;
}

const OBJECT_CLASSES: readonly ObjectClass[] = [
  {
    name: "object",
    title: "object store, standard",
    latencySeconds: 0.1,
    storage: "price.s3_standard_storage",
    puts: "price.s3_standard_put_copy_post_list",
    gets: "price.s3_standard_get",
    retrieval: null,
    minimumDays: 0,
    minimumObjectBytes: 0,
  },
  {
    name: "object-ia",
    title: "object store, infrequent access",
    latencySeconds: 0.1,
    storage: "price.s3_standard_ia_storage",
    puts: "price.s3_standard_ia_put",
    gets: "price.s3_standard_ia_get",
    retrieval: "price.s3_standard_ia_retrieval",
    minimumDays: 30,
    minimumObjectBytes: 131_072,
  },
  {
    name: "archive",
    title: "object store, archive",
    latencySeconds: 5 * 3600,
    storage: "price.s3_glacier_flexible_storage",
    puts: "price.s3_glacier_flexible_put",
    gets: null,
    retrieval: "price.s3_glacier_flexible_retrieval_standard",
    minimumDays: 90,
    minimumObjectBytes: 0,
  },
  {
    name: "deep-archive",
    title: "object store, deep archive",
    latencySeconds: 12 * 3600,
    storage: "price.s3_glacier_deep_archive_storage",
    puts: "price.s3_glacier_deep_archive_put",
    gets: null,
    retrieval: "price.s3_glacier_deep_archive_retrieval_standard",
    minimumDays: 180,
    minimumObjectBytes: 0,
  },
];

/**
 * Media in order of latency. Local ones are bought: price, energy, and for SSDs the wear of writes.
 * Object classes are rented: storage, requests, retrieval, minimum durations and sizes; their carbon is
 * that of HDDs times the copies.
 */
export function mediaOf(factors: FactorSet): Medium[] {
  const dramWatts = read("dram.watts_per_gb");
  const ssdWatts = read("ssd.watts_per_gb");
  const hddWatts = read("hdd.watts_per_gb");
  return [
    {
      ...LOCAL,
      name: "dram",
      title: "DRAM",
      latencySeconds: 1e-6,
      bytesPerSecondPerGb: Infinity,
      wattsPerGb: dramWatts,
      embodiedGramsPerGb: read("dram.embodied"),
      writeGramsPerGb: null,
      usdPerGbMonth: ownedUsd("dram.usd_per_gb", dramWatts, factors),
    },
    {
      ...LOCAL,
      name: "ssd",
      title: "local SSD",
      latencySeconds: 1e-4,
      // Samsung PM9A3: 3.5 GB/s of writes over 7.68 TB.
      bytesPerSecondPerGb: 3.5e9 / 7680,
      wattsPerGb: ssdWatts,
      embodiedGramsPerGb: read("ssd.embodied"),
      joulesPerGbMoved: read("ssd.joules_per_gb"),
      writeGramsPerGb: product(
        ["ssd.embodied", ...RATED_WRITES],
        (get) => get("ssd.embodied") / ratedWrites(get),
      ),
      wearUsd: {
        capexPerGbMonth: product(
          ["ssd.usd_per_gb", "depreciation.years"],
          (get) => get("ssd.usd_per_gb") / DEPRECIATION(get),
        ),
        perGbWritten: product(
          ["ssd.usd_per_gb", ...RATED_WRITES],
          (get) => get("ssd.usd_per_gb") / ratedWrites(get),
        ),
      },
      usdPerGbMonth: ownedUsd("ssd.usd_per_gb", ssdWatts, factors),
    },
    {
      ...LOCAL,
      name: "hdd",
      title: "local HDD",
      latencySeconds: 0.01,
      // Seagate Exos class: about 250 MB/s over 14 TB.
      bytesPerSecondPerGb: 250e6 / 14_000,
      wattsPerGb: hddWatts,
      embodiedGramsPerGb: HDD_EMBODIED,
      writeGramsPerGb: null,
      usdPerGbMonth: ownedUsd("hdd.usd_per_gb", hddWatts, factors),
    },
    ...OBJECT_CLASSES.map((c): Medium => ({
      name: c.name,
      title: c.title,
      latencySeconds: c.latencySeconds,
      bytesPerSecondPerGb: Infinity,
      keepsCopies: true,
      wattsPerGb: copies(hddWatts),
      joulesPerGbMoved: product(
        ["network.kwh_per_gb"],
        (get) => get("network.kwh_per_gb") * JOULES_PER_KWH,
      ),
      embodiedGramsPerGb: copies(HDD_EMBODIED),
      writeGramsPerGb: null,
      wearUsd: null,
      usdPerGbMonth: read(c.storage),
      usdPerThousandWrites: read(c.puts),
      usdPerThousandReads: c.gets === null ? null : read(c.gets),
      usdPerGbRead: c.retrieval === null ? null : read(c.retrieval),
      billedInGib: true,
      minimumDays: c.minimumDays,
      minimumObjectBytes: c.minimumObjectBytes,
    })),
  ];
}

/** Months over which embodied carbon is spread. */
export const lifeMonths: Priced = product(["life.years"], MONTHS);

/** Coefficients that the prices of media read, as far as the site knows them; of some media only when asked. */
export function mediaCoefficients(
  factors: FactorSet,
  wanted: (medium: string) => boolean = () => true,
): Coefficient[] {
  const ids = new Set(
    mediaOf(factors).filter((m) => wanted(m.name)).flatMap((m) =>
      [
        m.wattsPerGb,
        m.embodiedGramsPerGb,
        m.writeGramsPerGb,
        m.joulesPerGbMoved,
        m.usdPerGbMonth,
        m.wearUsd?.perGbWritten,
        m.usdPerThousandWrites,
        m.usdPerThousandReads,
        m.usdPerGbRead,
        lifeMonths,
        { ids: ["site.pue", "site.grid"] },
      ].flatMap((p) => p?.ids ?? [])
    ),
  );
  return [...ids].flatMap((id) => factors.get(id) ?? []);
}
