import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serveTransfers } from "./transfer-server.ts";

const remove = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { method: "DELETE", headers });
  return { status: response.status, body: (await response.json()) as { error?: { code: string } } };
};

test("DELETE removes a file, and a symlink without what it points to; what is not there is 404", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "a"), "a");
  await symlink("a", join(directory, "link"));
  expect(await remove(url("link"))).toEqual({
    status: 200,
    body: { path: join(directory, "link"), removed: true },
  });
  expect(await readdir(directory)).toEqual(["a"]);
  expect((await remove(url("a"))).status).toBe(200);
  expect(await remove(url("a"))).toMatchObject({
    status: 404,
    body: { error: { code: "not_found" } },
  });
});

test("DELETE with If-Match leaves a file of another version", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "a"), "a");
  const version = (await fetch(url("a"), { method: "HEAD" })).headers.get("etag") ?? "";
  await writeFile(join(directory, "a"), "changed");
  expect(await remove(url("a"), { "if-match": version })).toMatchObject({
    status: 412,
    body: { error: { code: "version_conflict" } },
  });
  const now = (await fetch(url("a"), { method: "HEAD" })).headers.get("etag") ?? "";
  expect((await remove(url("a"), { "if-match": now })).status).toBe(200);
  expect(await readdir(directory)).toEqual([]);
});

test("DELETE of a folder that holds something wants recursive=1", async () => {
  const { url, directory } = await serveTransfers();
  await mkdir(join(directory, "folder"));
  await writeFile(join(directory, "folder/a"), "a");
  expect(await remove(url("folder"))).toMatchObject({
    status: 409,
    body: { error: { code: "directory_not_empty" } },
  });
  expect((await remove(url("folder", "&recursive=1"))).status).toBe(200);
  expect(await readdir(directory)).toEqual([]);
});

test("DELETE touches nothing outside of the allowed paths, nor an allowed path itself", async () => {
  const { url, directory, bugs } = await serveTransfers((root) => ({ roots: [root] }));
  expect(await remove(url("/etc/hostname"))).toMatchObject({
    status: 403,
    body: { error: { code: "path_not_allowed" } },
  });
  expect(await remove(url(directory, "&recursive=1"))).toMatchObject({ status: 403 });
  expect(bugs).toEqual([]);
});
