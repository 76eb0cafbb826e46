import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Harnessd } from "../../../src/client/index.ts";
import { transferRoutes } from "../../../src/doors/http/transfer.ts";
import { EVERYWHERE } from "../../../tools/paths.ts";
import { connectTo, openBox } from "./box-door.ts";

async function openTransfers(): Promise<{ box: Harnessd; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-transfer-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const { door } = await openBox({
    token: "s3cret-token",
    routes: transferRoutes({ cwd: directory, paths: EVERYWHERE }),
  });
  return { box: await connectTo(door.url, { token: "s3cret-token" }), directory };
}

test("a stream goes up and comes down as it was", async () => {
  const { box, directory } = await openTransfers();
  const pieces = Array.from({ length: 64 }, () => randomBytes(100_000));
  await box.upload(
    "deep/er/file.bin",
    (async function* () {
      yield* pieces;
    })(),
  );
  expect((await readFile(join(directory, "deep/er/file.bin"))).equals(Buffer.concat(pieces))).toBe(
    true,
  );
  const { body, size, version } = await box.download("deep/er/file.bin");
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  expect([size, hash.digest("hex")]).toEqual([
    6_400_000,
    createHash("sha256").update(Buffer.concat(pieces)).digest("hex"),
  ]);
  await box.upload("deep/er/file.bin", "short", { expectedVersion: version ?? "" });
  const rest = await box.download("deep/er/file.bin", { offset: 2 });
  expect(await new Response(rest.body).text()).toBe("ort");
});

test("a folder goes up and comes down as a tar", async () => {
  const { box, directory } = await openTransfers();
  await box.upload("one/a.txt", "a");
  const { body, size } = await box.download("one", { folder: true });
  expect(size).toBeNull();
  await box.upload("two", body, { folder: true });
  expect(await readFile(join(directory, "two/a.txt"), "utf8")).toBe("a");
});

test("a refusal comes with the daemon's code", async () => {
  const { box } = await openTransfers();
  await expect(box.download("missing")).rejects.toMatchObject({
    name: "CallError",
    code: "not_found",
    number: 404,
  });
  await box.upload("there", "x");
  await expect(box.upload("there", "y", { createOnly: true })).rejects.toMatchObject({
    name: "CallError",
  });
});
