/** An input to start from: the three classes of data of a training and serving shop. */
export const EXAMPLE_CLASSES = {
  schema: "spillway/placement-input/1",
  classes: [
    {
      name: "checkpoints",
      kind: "checkpoints",
      bytes: "24.5TB",
      objectBytes: "64MiB",
      writtenBytesPerMonth: "3528TB",
      readBytesPerMonth: "24.5TB",
      bandwidth: "10GB/s",
      retentionSeconds: "5h",
      latencySeconds: "60s",
    },
    {
      name: "cold KV",
      kind: "kv",
      bytes: "10TB",
      objectBytes: "2MiB",
      writtenBytesPerMonth: "60TB",
      readBytesPerMonth: "90TB",
      retentionSeconds: "5d",
      latencySeconds: "1ms",
      latencyReadsShare: 0.9,
      segments: [
        { name: "recent", bytesShare: 0.2, readsShare: 0.9 },
        { name: "old", bytesShare: 0.8, readsShare: 0.1 },
      ],
    },
    {
      name: "samples",
      kind: "samples",
      bytes: "50TB",
      objectBytes: "128KiB",
      writtenBytesPerMonth: 0,
      readBytesPerMonth: "50TB",
      retentionSeconds: "365d",
      latencySeconds: "200ms",
    },
  ],
};
