import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert, asyncProperty, integer, string } from "fast-check";
import { expect, test } from "vitest";
import { read } from "../../../tools/fs/read.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function fileWith(content: string | Uint8Array) {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), content);
  return { context: contextIn(directory), path: join(directory, "file") };
}

test("a small file is read whole, with its version", async () => {
  const { context, path } = await fileWith("héllo\n");
  const answer = await output(read, { path: "file" }, context);
  expect(answer).toMatchObject({
    path,
    content: "héllo\n",
    offset: 0,
    bytes: 7,
    totalBytes: 7,
    nextOffset: null,
    lossy: false,
  });
  expect(answer.version).toMatch(/^h/);
});

test("an empty file is read as nothing", async () => {
  const { context } = await fileWith("");
  expect(await output(read, { path: "file" }, context)).toMatchObject({
    content: "",
    bytes: 0,
    totalBytes: 0,
    nextOffset: null,
  });
});

test("reading on from nextOffset gives the whole text and never splits a character", async () => {
  const directory = await makeDirectory();
  const context = contextIn(directory);
  await assert(
    asyncProperty(
      string({ unit: "binary" }),
      integer({ min: 4, max: 9 }),
      async (raw, maxBytes) => {
        const text = raw.replaceAll("\0", "");
        await writeFile(join(directory, "file"), text);
        let content = "";
        for (let offset: number | null = 0; offset !== null;) {
          const answer = await output(read, { path: "file", offset, maxBytes }, context);
          content += answer.content;
          offset = answer.nextOffset;
        }
        expect(content).toBe(Buffer.from(text).toString());
      },
    ),
    { numRuns: 25 },
  );
});

test("a range that begins inside a character begins with the next one and says so", async () => {
  const { context } = await fileWith("é!");
  expect(await output(read, { path: "file", offset: 1 }, context)).toMatchObject({
    content: "!",
    offset: 2,
    nextOffset: null,
  });
});

test("lines are read by number, and nextOffset goes on with the line after them", async () => {
  const { context } = await fileWith("one\ntwo\nthree\nfour");
  const answer = await output(read, { path: "file", startLine: 2, maxLines: 2 }, context);
  expect(answer).toMatchObject({ content: "two\nthree\n", offset: 4, nextOffset: 14 });
  expect(await output(read, { path: "file", offset: 14, maxLines: 5 }, context)).toMatchObject({
    content: "four",
    nextOffset: null,
  });
});

test("lines past the end of the file are nothing, at its end", async () => {
  const { context } = await fileWith("one\n");
  expect(await output(read, { path: "file", startLine: 9 }, context)).toMatchObject({
    content: "",
    offset: 4,
    nextOffset: null,
  });
});

test("a line is found beyond the first chunk that is scanned", async () => {
  const { context } = await fileWith(`${"x".repeat(99)}\n`.repeat(10_000) + "the line");
  expect(await output(read, { path: "file", startLine: 10_001 }, context)).toMatchObject({
    content: "the line",
    offset: 1_000_000,
  });
});

test("any bytes are read as base64, in ranges", async () => {
  const { context } = await fileWith(Uint8Array.of(0, 1, 2, 255, 254));
  const answer = await output(
    read,
    { path: "file", encoding: "base64", offset: 1, maxBytes: 4 },
    context,
  );
  expect([...Buffer.from(answer.content, "base64")]).toEqual([1, 2, 255, 254]);
  expect(answer).toMatchObject({ offset: 1, bytes: 4, nextOffset: null });
});

test("a binary file asked for as text is refused with what to do instead", async () => {
  const { context } = await fileWith(Uint8Array.of(1, 0, 2));
  const error = await refusal(read, { path: "file" }, context);
  expect(error.code).toBe("binary_file");
  expect(error.message).toContain("base64");
});

test("text that is not UTF-8 is shown as far as it goes and marked lossy", async () => {
  const { context } = await fileWith(Uint8Array.of(0x61, 0xe9, 0x62));
  expect(await output(read, { path: "file" }, context)).toMatchObject({
    content: "a\uFFFDb",
    lossy: true,
  });
});

test("a kernel file that has no size is read all the same", async () => {
  const context = contextIn(await makeDirectory());
  const answer = await output(read, { path: "/proc/self/status" }, context);
  expect(answer.content).toContain("Name:");
  expect(answer.totalBytes).toBe(answer.bytes);
});

test.each([
  [{ path: "nothing" }, "not_found"],
  [{ path: "." }, "is_a_directory"],
  [{ path: "file/below" }, "not_a_directory"],
  [{ path: "/dev/null" }, "not_a_file"],
  [{ path: "" }, "invalid_path"],
  [{ path: "a\0b" }, "invalid_path"],
  [{ path: "x/".repeat(3000) }, "invalid_path"],
  [{ path: "y".repeat(300) }, "invalid_path"],
  [{ path: "file", offset: 1, startLine: 1 }, "invalid_input"],
  [{ path: "file", encoding: "base64", maxLines: 1 }, "invalid_input"],
])("reading %j is refused with %s", async (input, code) => {
  const { context } = await fileWith("x");
  expect(await refusal(read, input, context)).toMatchObject({ code });
});

test("a pipe that nobody writes to is refused at once", async () => {
  const directory = await makeDirectory();
  await promisify(execFile)("mkfifo", [join(directory, "pipe")]);
  expect(await refusal(read, { path: "pipe" }, contextIn(directory))).toMatchObject({
    code: "not_a_file",
  });
});

test("a socket is refused with a word and not taken for a bug", async () => {
  const context = contextIn(await makeDirectory());
  const server = createServer().listen(join(context.cwd, "socket"));
  await once(server, "listening");
  expect(await refusal(read, { path: "socket" }, context)).toMatchObject({ code: "not_a_file" });
  server.close();
});

test.runIf(process.platform === "linux")(
  "a kernel file that fails when it is read is no bug either",
  async () => {
    expect(
      await refusal(read, { path: "/proc/self/mem" }, contextIn(await makeDirectory())),
    ).toMatchObject({ code: "io_error" });
  },
);
