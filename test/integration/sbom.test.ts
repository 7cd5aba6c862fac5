import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeSbom } from "../../scripts/sbom.ts";

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

const read = (file: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8"));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "firstsight-sbom-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("it names what the lockfile has for production, in these versions, and nothing else", async () => {
  const target = join(folder, "sbom.json");
  const count = await writeSbom(target);
  const { components } = JSON.parse(readFileSync(target, "utf8")) as {
    readonly components: readonly { readonly purl: string }[];
  };
  const { packages } = read("package-lock.json") as { readonly packages: Readonly<Record<string, Locked>> };
  const locked = Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== "" && !dev && !optional && !devOptional)
    .map(([path, { version }]) => `${path.slice(path.lastIndexOf("node_modules/") + 13)}@${version}`);
  const named = components.map(({ purl }) => decodeURIComponent(purl.replace("pkg:npm/", "")));
  expect(named.toSorted()).toEqual(locked.toSorted());
  expect(count).toBe(locked.length);
  const { dependencies } = read("package.json") as { readonly dependencies: Readonly<Record<string, string>> };
  expect(named).toEqual(
    expect.arrayContaining(Object.entries(dependencies).map(([name, version]) => `${name}@${version}`)),
  );
});
