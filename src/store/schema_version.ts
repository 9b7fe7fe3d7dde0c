/** Version of the store's schema that this tool reads and writes: the last of `migrations.ts`. */
export const SCHEMA_VERSION = 2;
