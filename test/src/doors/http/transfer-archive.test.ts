import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { expect, test } from "vitest";
import { makeDirectory } from "../../../tools/tool-context.ts";
import { openFilesIn, serveTransfers } from "./transfer-server.ts";

const run = promisify(execFile);

async function tree(directory: string): Promise<void> {
  await mkdir(join(directory, "sub/empty"), { recursive: true });
  await writeFile(join(directory, "sub/run.sh"), "#!/bin/sh\n");
  await chmod(join(directory, "sub/run.sh"), 0o755);
  await writeFile(join(directory, "ü".repeat(80)), "x".repeat(1025));
  await writeFile(join(directory, "nothing"), "");
  await symlink("sub/run.sh", join(directory, "link"));
}

async function listing(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const told = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const { mode, size } = await lstat(path);
    const content = entry.isFile()
      ? await readFile(path, "utf8")
      : entry.isSymbolicLink()
        ? await readlink(path)
        : "";
    return `${path.slice(directory.length)} ${mode.toString(8)} ${entry.isFile() ? size : "-"} ${content}`;
  });
  return (await Promise.all(told)).sort();
}

/** A tar archive of hand-made entries, however wicked. */
function archiveOf(
  ...entries: { path: string; type?: string; linkpath?: string; content?: string }[]
): Buffer {
  const blocks = entries.flatMap(({ path, type = "File", linkpath, content = "" }) => {
    const header = new Header({
      path,
      type: type as "File",
      mode: 0o644,
      size: content.length,
      ...(linkpath !== undefined && { linkpath }),
    });
    header.encode();
    return [header.block!, Buffer.from(content), Buffer.alloc(-content.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

test.each(["", "&gzip=1"])(
  "a folder comes down as a tar that tar itself can unpack (%j)",
  async (query) => {
    const { url, directory } = await serveTransfers();
    await tree(directory);
    const response = await fetch(url(".", query, "archive"));
    expect(response.headers.get("content-type")).toBe(
      query ? "application/gzip" : "application/x-tar",
    );
    const [archive, there] = [join(await makeDirectory(), "archive.tar"), await makeDirectory()];
    await writeFile(archive, Buffer.from(await response.arrayBuffer()));
    await run("tar", ["-xf", archive, "-C", there]);
    expect(await listing(there)).toEqual(await listing(directory));
  },
);

test.each(["-cf", "-czf"])(
  "what tar %s packs goes up, with modes, links, long names and empty folders",
  async (flags) => {
    const { url, directory } = await serveTransfers();
    const here = await makeDirectory();
    await tree(here);
    const { stdout } = await run("tar", [flags, "-", "-C", here, "."], { encoding: "buffer" });
    const response = await fetch(url("a/new/folder", "", "archive"), {
      method: "PUT",
      body: stdout,
    });
    expect(await response.json()).toMatchObject({
      path: join(directory, "a/new/folder"),
      skipped: [],
      skippedEntries: 0,
      bytes: 1035,
    });
    expect(await listing(join(directory, "a/new/folder"))).toEqual(await listing(here));
  },
);

test("what a folder holds already stays unless an entry replaces it", async () => {
  const { url, directory } = await serveTransfers();
  await writeFile(join(directory, "mine"), "mine");
  await writeFile(join(directory, "old"), "old and long");
  await fetch(url(".", "", "archive"), {
    method: "PUT",
    body: archiveOf({ path: "old", content: "new" }),
  });
  expect(await readFile(join(directory, "mine"), "utf8")).toBe("mine");
  expect(await readFile(join(directory, "old"), "utf8")).toBe("new");
});

test("nothing wicked in an archive leaves the folder; the rest is unpacked and the wicked is told", async () => {
  const { url, directory } = await serveTransfers();
  await mkdir(join(directory, "in"));
  await symlink("..", join(directory, "in/door"));
  const wicked = [
    { path: "/absolute", content: "x" },
    { path: "../outside", content: "x" },
    { path: "a/../../outside", content: "x" },
    { path: "device", type: "CharacterDevice" },
    { path: "pipe", type: "FIFO" },
    { path: "hard", type: "Link", linkpath: "../secret" },
    { path: "abs-link", type: "SymbolicLink", linkpath: "/etc" },
    { path: "up-link", type: "SymbolicLink", linkpath: "../../.." },
    { path: "sly-link", type: "SymbolicLink", linkpath: "here/../../outside" },
    { path: "door/outside", content: "x" },
  ];
  const good = [
    { path: "here", type: "SymbolicLink", linkpath: "." },
    { path: "sub/back", type: "SymbolicLink", linkpath: "../good" },
    { path: "good", content: "fine" },
  ];
  const response = await fetch(url("in", "", "archive"), {
    method: "PUT",
    body: archiveOf(...wicked, ...good),
  });
  const answer = (await response.json()) as { entries: number; skipped: { path: string }[] };
  expect(answer.skipped.map(({ path }) => path).sort()).toEqual(
    wicked.map(({ path }) => path).sort(),
  );
  expect(answer.entries).toBe(3);
  expect((await readdir(directory)).sort()).toEqual(["in"]);
  expect((await readdir(join(directory, "in"))).sort()).toEqual(["door", "good", "here", "sub"]);
});

test("a file in the place of a symlink replaces the link, not what it leads to", async () => {
  const { url, directory } = await serveTransfers();
  await mkdir(join(directory, "in"));
  await writeFile(join(directory, "secret"), "secret");
  await symlink("../secret", join(directory, "in/link"));
  await fetch(url("in", "", "archive"), {
    method: "PUT",
    body: archiveOf({ path: "link", content: "x" }),
  });
  expect(await readFile(join(directory, "secret"), "utf8")).toBe("secret");
  expect((await lstat(join(directory, "in/link"))).isFile()).toBe(true);
});

function firstHalf(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length / 2);
}

test.each([
  ["no archive at all", Buffer.from("x".repeat(2000))],
  ["nothing", Buffer.alloc(0)],
  ["half an archive", archiveOf({ path: "file", content: "y".repeat(5000) }).subarray(0, 2000)],
  [
    "half a gzip stream",
    firstHalf(
      gzipSync(archiveOf({ path: "file", content: "a line like many others\n".repeat(5000) })),
    ),
  ],
  [
    "a damaged gzip stream",
    Buffer.from(
      gzipSync(archiveOf({ path: "file", content: "y".repeat(5000) })).map((byte, at) =>
        at > 20 && at < 40 ? 0xff : byte,
      ),
    ),
  ],
])("%s is refused as an invalid archive, and no file stays open", async (_, body) => {
  const { url, directory, bugs } = await serveTransfers();
  const response = await fetch(url("in", "", "archive"), { method: "PUT", body });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { error: { code: "invalid_archive" } },
  ]);
  while ((await openFilesIn(directory)) > 0) await new Promise(setImmediate);
  expect(bugs).toEqual([]);
});

test("a client that leaves in the middle, either way, leaves no file open and is no bug", async () => {
  const { url, directory, bugs } = await serveTransfers();
  await writeFile(join(directory, "big"), "");
  await truncate(join(directory, "big"), 300_000_000);
  const down = request(url(".", "", "archive")).end();
  const [response] = (await once(down, "response")) as [NodeJS.ReadableStream];
  await once(response, "data");
  down.destroy();
  while ((await openFilesIn(directory)) > 0) await new Promise(setImmediate);
  const up = request(url("in", "", "archive"), {
    method: "PUT",
    headers: { "content-length": "1000000" },
  });
  up.on("error", () => undefined).write(
    archiveOf({ path: "file", content: "z".repeat(100_000) }).subarray(0, 50_000),
  );
  while ((await openFilesIn(directory)) === 0) await new Promise(setImmediate);
  up.destroy();
  while ((await openFilesIn(directory)) > 0) await new Promise(setImmediate);
  expect(bugs).toEqual([]);
});

test("a file, a missing folder and a folder outside of the roots are refused", async () => {
  const { url, directory } = await serveTransfers((root) => ({ roots: [root] }));
  await writeFile(join(directory, "file"), "");
  expect((await fetch(url("file", "", "archive"))).status).toBe(409);
  expect((await fetch(url("gone", "", "archive"))).status).toBe(404);
  expect((await fetch(url(tmpdir(), "", "archive"))).status).toBe(403);
  expect(
    (await fetch(url("../x", "", "archive"), { method: "PUT", body: archiveOf({ path: "a" }) }))
      .status,
  ).toBe(403);
});
