/** The systemd unit and the DaemonSet of the README: their files are checked, their command lines are run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { spillway } from "./spillway.ts";

const README = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
const folder = mkdtempSync(join(tmpdir(), "spillway-deploy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function block(language: string, holds: RegExp): string {
  const blocks = [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))]
    .map((m) => m[1]);
  const found = blocks.find((text) => holds.test(text));
  assert.ok(found !== undefined, `the README has no ${language} block with ${holds}`);
  return found;
}

/** Runs a recorder's command line up to the point where it would record: unknown options end it with 2. */
function dryRun(argv: readonly string[]): void {
  const at = argv.indexOf("--store");
  const args = [...argv];
  args[at + 1] = join(folder, "spillway.duckdb");
  const done = spillway([...args, "--dry-run", "--json"], { cwd: folder });
  assert.equal(done.code, 0, `spillway ${args.join(" ")}\n${done.stderr}`);
  assert.equal(JSON.parse(done.stdout).schema, "spillway/record-plan/1");
}

test("the command of the systemd unit is understood, and systemd accepts the unit", () => {
  const unit = block("ini", /^\[Service\]/m);
  const line = /^ExecStart=(.*)$/m.exec(unit)![1].split(" ");
  assert.match(line[0], /\/spillway$/);
  dryRun(line.slice(1));
  if (spawnSync("systemd-analyze", ["--version"]).error !== undefined) return;
  const path = join(folder, "spillway.service");
  // The executable that is not installed here is the one thing that verify would miss.
  writeFileSync(path, unit.replace(line[0], "/bin/true"));
  const verified = spawnSync("systemd-analyze", ["verify", "--man=no", path], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  const ours = `${verified.stdout}${verified.stderr}`.split("\n")
    .filter((text) => text.includes("spillway.service"));
  assert.deepEqual(ours, []);
  // The check itself finds mistakes: a key that systemd does not know is named.
  writeFileSync(path, unit.replace(line[0], "/bin/true").replace("Nice=", "Nicer="));
  const wrong = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
  if (/spillway\.service/.test(wrong.stderr)) assert.match(wrong.stderr, /Nicer/);
});

/** What of apps/v1 DaemonSet the example uses; a key outside of it is a mistake or needs a look. */
const mount = z.strictObject({
  name: z.string(),
  mountPath: z.string().startsWith("/"),
  readOnly: z.boolean().optional(),
});
const daemonSet = z.strictObject({
  apiVersion: z.literal("apps/v1"),
  kind: z.literal("DaemonSet"),
  metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9-]+$/) }),
  spec: z.strictObject({
    selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.strictObject({
      metadata: z.strictObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.strictObject({
        hostPID: z.boolean().optional(),
        hostNetwork: z.boolean().optional(),
        terminationGracePeriodSeconds: z.int().nonnegative().optional(),
        containers: z.array(z.strictObject({
          name: z.string(),
          image: z.string(),
          command: z.array(z.string()),
          args: z.array(z.string()),
          env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
          securityContext: z.strictObject({ privileged: z.boolean() }),
          volumeMounts: z.array(mount),
        })).min(1),
        volumes: z.array(z.strictObject({
          name: z.string(),
          hostPath: z.strictObject({
            path: z.string().startsWith("/"),
            type: z.enum(["Directory", "DirectoryOrCreate"]).optional(),
          }),
        })),
      }),
    }),
  }),
});

test("the DaemonSet is one of apps/v1, consistent in itself, and its command is understood", () => {
  const { spec } = daemonSet.parse(parse(block("yaml", /kind: DaemonSet/)));
  assert.deepEqual(spec.template.metadata.labels, spec.selector.matchLabels, "it selects its pods");
  const pod = spec.template.spec;
  const volumes = pod.volumes.map((v) => v.name);
  for (const container of pod.containers) {
    for (const { name } of container.volumeMounts) assert.ok(volumes.includes(name), name);
    const [program, ...command] = [...container.command, ...container.args];
    const mounts = container.volumeMounts.map((m) => m.mountPath);
    assert.ok(mounts.some((path) => program.startsWith(`${path}/`)), "its program is mounted");
    const store = container.args[container.args.indexOf("--store") + 1];
    assert.ok(mounts.some((path) => store.startsWith(`${path}/`)), "its store outlives the pod");
    assert.ok(
      !command.some((arg) => /localhost|127\.0\.0\.1/.test(arg)) || pod.hostNetwork === true,
      "localhost is the node only with hostNetwork",
    );
    dryRun(command);
  }
});
