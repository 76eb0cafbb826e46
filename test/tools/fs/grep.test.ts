import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { grep } from "../../../tools/fs/grep.ts";
import { callTool } from "../../../tools/tool.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function treeOf(files: Record<string, string | Uint8Array>) {
  const directory = await makeDirectory();
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), content);
  }
  return contextIn(directory);
}

test("matches are told with path, line, column and text", async () => {
  const context = await treeOf({
    "a.txt": "one\nsay héllo you\r\n",
    "sub/b.txt": "hello\n",
    ".gitignore": "skip\n",
    skip: "hello\n",
  });
  const answer = await output(grep, { pattern: "h[eé]llo" }, context);
  expect(answer).toMatchObject({ matches: 2, truncated: false });
  expect(answer.lines).toEqual([
    { path: "a.txt", line: 2, column: 5, text: "say héllo you" },
    { path: "sub/b.txt", line: 1, column: 1, text: "hello" },
  ]);
  expect((await output(grep, { pattern: "hello", ignored: true }, context)).matches).toBe(2);
});

test("columns count characters, not bytes", async () => {
  expect((await output(grep, { pattern: "x" }, await treeOf({ a: "ééx" }))).lines[0].column).toBe(
    3,
  );
});

test("a literal pattern, case, globs and one file narrow the search", async () => {
  const context = await treeOf({ "a.ts": "f(x)\nF(X)\n", "b.js": "f(x)\n", "--c": "f(x)\n" });
  expect((await output(grep, { pattern: "f(x)", literal: true }, context)).matches).toBe(3);
  expect(
    (
      await output(
        grep,
        { pattern: "f(x)", literal: true, ignoreCase: true, globs: ["*.ts"] },
        context,
      )
    ).matches,
  ).toBe(2);
  const one = await output(grep, { pattern: "f(x)", literal: true, path: "--c" }, context);
  expect(one.lines).toEqual([{ path: "--c", line: 1, column: 1, text: "f(x)" }]);
});

test("a pattern that begins with a dash is a pattern", async () => {
  expect(
    (await output(grep, { pattern: "--files" }, await treeOf({ a: "x --files\n" }))).matches,
  ).toBe(1);
});

test("context lines have no column and are not counted", async () => {
  const answer = await output(
    grep,
    { pattern: "b", context: 1 },
    await treeOf({ f: "a\nb\nc\nd\n" }),
  );
  expect(
    answer.lines.map(({ line, column }: { line: number; column: number | null }) => [line, column]),
  ).toEqual([
    [1, null],
    [2, 1],
    [3, null],
  ]);
  expect(answer.matches).toBe(1);
});

test("a search stops at maxMatches and says so; exactly as many are not cut", async () => {
  const context = await treeOf({ f: "x\n".repeat(10) });
  expect(await output(grep, { pattern: "x", maxMatches: 3 }, context)).toMatchObject({
    matches: 3,
    truncated: true,
  });
  expect(await output(grep, { pattern: "x", maxMatches: 10 }, context)).toMatchObject({
    matches: 10,
    truncated: false,
  });
});

test("a very long line is cut around the match, a monstrous one is left out, and the answer stays small", async () => {
  const context = await treeOf({
    long: `${"a".repeat(50_000)}needle${"b".repeat(50_000)}\n`,
    monster: `${"c".repeat(3_000_000)}needle\n`,
  });
  const answer = await output(grep, { pattern: "needle" }, context);
  expect(answer.lines).toHaveLength(1);
  expect(answer.lines[0].text).toMatch(/^…a{100}needleb+…$/);
  const many = await treeOf({ f: `${"y".repeat(400)}\n`.repeat(5000) });
  const cut = await output(grep, { pattern: "y", maxMatches: 5000 }, many);
  expect(cut.truncated).toBe(true);
  expect(JSON.stringify(cut).length).toBeLessThan(1_000_000);
});

test("binary files are passed over, and text that is not UTF-8 is shown as far as it goes", async () => {
  const context = await treeOf({
    bin: Uint8Array.of(0x78, 0, 0x78, 10),
    latin: Uint8Array.of(0x78, 0xe9, 10),
  });
  expect((await output(grep, { pattern: "x" }, context)).lines).toEqual([
    { path: "latin", line: 1, column: 1, text: "x\uFFFD" },
  ]);
});

test("a wrong pattern, a wrong glob and a missing path are refused", async () => {
  const context = await treeOf({ f: "x" });
  const error = await refusal(grep, { pattern: "(" }, context);
  expect(error.code).toBe("invalid_pattern");
  expect(error.message).toContain("unclosed group");
  expect(await refusal(grep, { pattern: "x", globs: ["{a"] }, context)).toMatchObject({
    code: "invalid_pattern",
  });
  expect(await refusal(grep, { pattern: "x\0" }, context)).toMatchObject({
    code: "invalid_pattern",
  });
  expect(await refusal(grep, { pattern: "x", path: "gone" }, context)).toMatchObject({
    code: "not_found",
  });
});

test.runIf(process.getuid?.() !== 0)("a file that may not be read is passed over", async () => {
  const context = await treeOf({ shut: "x", open: "x" });
  await chmod(join(context.cwd, "shut"), 0);
  expect((await output(grep, { pattern: "x" }, context)).matches).toBe(1);
});

test("a pipe is refused, which could be read for ever", async () => {
  const context = await treeOf({});
  await promisify(execFile)("mkfifo", [join(context.cwd, "pipe")]);
  expect(await refusal(grep, { pattern: "x", path: "pipe" }, context)).toMatchObject({
    code: "not_a_file",
  });
});

test("an abort ends the search and ripgrep", async () => {
  const context = await treeOf({});
  const mark = `MARK=${context.cwd}`;
  const abort = new AbortController();
  const searching = { ...context, env: { MARK: context.cwd }, signal: abort.signal };
  const outcome = callTool(
    grep,
    { pattern: "no such text [0-9]{40} anywhere", path: "/usr", ignored: true },
    searching,
  );
  while ((await marked(mark)).length === 0) await new Promise(setImmediate);
  abort.abort();
  expect(await outcome).toMatchObject({ ok: false, error: { code: "cancelled" } });
  expect(await marked(mark)).toEqual([]);
});

async function marked(mark: string): Promise<string[]> {
  const environments = (await readdir("/proc")).map((pid) =>
    readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
  );
  return (await Promise.all(environments)).filter((environment) => environment.startsWith(mark));
}
