import { randomBytes } from "node:crypto";
import {
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { request } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { write } from "../../../../tools/fs/write.ts";
import { contextIn, output } from "../../../tools/tool-context.ts";
import { openFilesIn, serveTransfers } from "./transfer-server.ts";

const errorOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { error: { code: string } }).error,
});

test("a file goes up and comes down again as it was, whatever its bytes", async () => {
  const { url, directory } = await serveTransfers();
  const bytes = randomBytes(3_000_000);
  const up = await fetch(url("sub/dir/ü file"), { method: "PUT", body: bytes });
  expect(up.status).toBe(201);
  expect(await up.json()).toEqual({
    path: join(directory, "sub/dir/ü file"),
    bytes: 3_000_000,
    created: true,
    version: expect.any(String),
  });
  const down = await fetch(url("sub/dir/ü file"));
  expect(Buffer.from(await down.arrayBuffer()).equals(bytes)).toBe(true);
  expect(down.headers.get("content-length")).toBe("3000000");
  expect(down.headers.get("etag")).toBe(up.headers.get("etag"));
  expect(down.headers.get("content-disposition")).toBe(
    "attachment; filename*=UTF-8''%C3%BC%20file",
  );
});

test("an empty file goes both ways", async () => {
  const { url } = await serveTransfers();
  expect((await fetch(url("empty"), { method: "PUT", body: "" })).status).toBe(201);
  const down = await fetch(url("empty"));
  expect([down.status, await down.text()]).toEqual([200, ""]);
});

test("HEAD tells size and version without the content", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "file"), "hello");
  const head = await fetch(url("file"), { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
    200,
    "5",
    "",
  ]);
});

test("the version is the one that the file tools tell", async () => {
  const { url, directory } = await serveTransfers();
  const { version } = await output(write, { path: "file", content: "hello" }, contextIn(directory));
  expect((await fetch(url("file"))).headers.get("etag")).toBe(`"${version}"`);
});

test.each([
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=8-", 206, "89", "bytes 8-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=-99", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=3-1", 200, "0123456789", null],
  ["bytes=0-1,4-5", 200, "0123456789", null],
  ["lines=0-1", 200, "0123456789", null],
  ["bytes=-", 200, "0123456789", null],
])("range %s is answered with %d", async (range, status, text, contentRange) => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "file"), "0123456789");
  const response = await fetch(url("file"), { headers: { range } });
  expect([response.status, await response.text(), response.headers.get("content-range")]).toEqual([
    status,
    text,
    contentRange,
  ]);
});

test.each(["bytes=10-", "bytes=-0"])(
  "range %s cannot be satisfied and is told the size",
  async (range) => {
    const { url, directory } = await serveTransfers();
    await writeFile(join(directory, "file"), "0123456789");
    const response = await fetch(url("file"), { headers: { range } });
    expect(response.headers.get("content-range")).toBe("bytes */10");
    expect(await errorOf(response)).toMatchObject({ status: 416, code: "range_not_satisfiable" });
  },
);

test("a range of another version gets the whole file", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "file"), "0123456789");
  const etag = (await fetch(url("file"))).headers.get("etag") ?? "";
  const headers = { range: "bytes=0-1" };
  expect((await fetch(url("file"), { headers: { ...headers, "if-range": etag } })).status).toBe(
    206,
  );
  expect(
    (await fetch(url("file"), { headers: { ...headers, "if-range": '"other"' } })).status,
  ).toBe(200);
});

test("a version that the client has is not sent again", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "file"), "hello");
  const etag = (await fetch(url("file"))).headers.get("etag") ?? "";
  for (const tag of [etag, `"x", W/${etag}`, "*"]) {
    expect((await fetch(url("file"), { headers: { "if-none-match": tag } })).status).toBe(304);
  }
  expect((await fetch(url("file"), { headers: { "if-none-match": '"x"' } })).status).toBe(200);
});

test("an upload keeps the mode, or sets the one asked for, and goes through a symlink", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "run.sh"), "old");
  await chmod(join(directory, "run.sh"), 0o750);
  await symlink("run.sh", join(directory, "link"));
  const up = await fetch(url("link"), { method: "PUT", body: "new" });
  expect([up.status, await up.json()]).toMatchObject([
    200,
    { created: false, path: join(directory, "run.sh") },
  ]);
  expect(await readlink(join(directory, "link"))).toBe("run.sh");
  expect((await stat(join(directory, "run.sh"))).mode & 0o777).toBe(0o750);
  await fetch(url("run.sh", "&mode=644"), { method: "PUT", body: "newer" });
  expect((await stat(join(directory, "run.sh"))).mode & 0o777).toBe(0o644);
  expect(
    await errorOf(await fetch(url("run.sh", "&mode=rwx"), { method: "PUT", body: "x" })),
  ).toMatchObject({ status: 400 });
});

test("If-Match holds an upload to a version, If-None-Match: * to a new file", async () => {
  const { url, directory } = await serveTransfers();
  const first = await fetch(url("file"), {
    method: "PUT",
    body: "one",
    headers: { "if-none-match": "*" },
  });
  const etag = first.headers.get("etag") ?? "";
  expect(
    await errorOf(
      await fetch(url("file"), { method: "PUT", body: "x", headers: { "if-none-match": "*" } }),
    ),
  ).toMatchObject({
    code: "already_exists",
    status: 409,
  });
  expect(
    (await fetch(url("file"), { method: "PUT", body: "two", headers: { "if-match": etag } }))
      .status,
  ).toBe(200);
  expect(
    await errorOf(
      await fetch(url("file"), { method: "PUT", body: "three", headers: { "if-match": etag } }),
    ),
  ).toMatchObject({
    code: "version_conflict",
  });
  expect(
    await errorOf(
      await fetch(url("gone"), { method: "PUT", body: "x", headers: { "if-match": "*" } }),
    ),
  ).toMatchObject({
    code: "version_conflict",
  });
  expect(await readFile(join(directory, "file"), "utf8")).toBe("two");
});

test("a refusal is answered though the body is still coming", async () => {
  const { url } = await serveTransfers();
  const up = await fetch(url("gone"), {
    method: "PUT",
    body: Buffer.alloc(5_000_000),
    headers: { "if-match": '"v"' },
  });
  expect((await errorOf(up)).code).toBe("version_conflict");
});

test("a client that leaves in the middle of an upload leaves nothing, and the old file stays", async () => {
  const { url, directory, bugs } = await serveTransfers();
  await writeFile(join(directory, "file"), "old");
  const upload = request(url("file"), { method: "PUT", headers: { "content-length": "1000000" } });
  upload.on("error", () => undefined).write(Buffer.alloc(200_000));
  while ((await readdir(directory)).length < 2) await new Promise(setImmediate);
  upload.destroy();
  while ((await readdir(directory)).length > 1) await new Promise(setImmediate);
  expect(await readFile(join(directory, "file"), "utf8")).toBe("old");
  expect(bugs).toEqual([]);
});

test("a client that leaves in the middle of a download is no bug, and the file is closed", async () => {
  const { url, directory, bugs } = await serveTransfers();
  await (await open(join(directory, "big"), "w")).close();
  await truncate(join(directory, "big"), 500_000_000);
  const down = request(url("big")).end();
  const [response] = (await once(down, "response")) as [NodeJS.ReadableStream];
  await once(response, "data");
  down.destroy();
  while ((await openFilesIn(directory)) > 0) await new Promise(setImmediate);
  expect(bugs).toEqual([]);
});

test("a file that becomes shorter while it is sent is cut off, not ended as if it were whole", async () => {
  const { url, directory } = await serveTransfers();
  await (await open(join(directory, "big"), "w")).close();
  await truncate(join(directory, "big"), 200_000_000);
  const response = await fetch(url("big"));
  await truncate(join(directory, "big"), 1000);
  await expect(response.arrayBuffer()).rejects.toThrow("terminated");
});

test.each([
  ["GET", "gone", 404, "not_found"],
  ["GET", "dir", 409, "is_a_directory"],
  ["GET", "/etc/passwd", 403, "path_not_allowed"],
  ["GET", "a\0b", 400, "invalid_path"],
  ["PUT", "dir", 409, "is_a_directory"],
  ["PUT", "out/new", 403, "path_not_allowed"],
  ["PUT", "file/below", 409, "not_a_directory"],
])("%s of %j is refused with %d %s", async (method, path, status, code) => {
  const { url, directory } = await serveTransfers((root) => ({ roots: [root] }));
  await mkdir(join(directory, "dir"));
  await writeFile(join(directory, "file"), "");
  await symlink("/tmp", join(directory, "out"));
  const response = await fetch(url(path), { method, ...(method === "PUT" && { body: "x" }) });
  expect(await errorOf(response)).toMatchObject({ status, code });
});

test("a request without a path says what is missing", async () => {
  const { port } = await serveTransfers();
  expect(await errorOf(await fetch(`http://127.0.0.1:${port}/files`))).toMatchObject({
    status: 400,
    code: "missing_path",
  });
});
