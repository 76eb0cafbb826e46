import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edit } from "../../../tools/fs/edit.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function fileWith(content: string | Uint8Array) {
  const directory = await makeDirectory();
  const path = join(directory, "file.ts");
  await writeFile(path, content);
  return { context: contextIn(directory), path, content: () => readFile(path, "utf8") };
}

const change = (oldText: string, newText: string, all = false) => ({
  path: "file.ts",
  edits: [{ oldText, newText, all }],
});

test("a text that occurs once is replaced, and the change is shown", async () => {
  const file = await fileWith("const a = 1;\nconst b = 2;\n");
  const answer = await output(edit, change("b = 2", "b = 3"), file.context);
  expect(answer).toMatchObject({ replacements: 1, path: file.path });
  expect(answer.diff).toMatch(/-const b = 2;\n\+const b = 3;/);
  expect(await file.content()).toBe("const a = 1;\nconst b = 3;\n");
});

test("patterns of String.replace in the new text are taken as they stand", async () => {
  const file = await fileWith("x");
  await output(edit, change("x", "$& $1 $$"), file.context);
  expect(await file.content()).toBe("$& $1 $$");
});

test("all replaces every occurrence", async () => {
  const file = await fileWith("a a a");
  expect(await output(edit, change("a", "b", true), file.context)).toMatchObject({
    replacements: 3,
  });
  expect(await file.content()).toBe("b b b");
});

test("several edits build on one another, and one that fails undoes all", async () => {
  const file = await fileWith("one");
  const edits = [
    { oldText: "one", newText: "two" },
    { oldText: "two", newText: "three" },
  ];
  await output(edit, { path: "file.ts", edits }, file.context);
  expect(await file.content()).toBe("three");
  const error = await refusal(
    edit,
    {
      path: "file.ts",
      edits: [
        { oldText: "three", newText: "four" },
        { oldText: "zzz", newText: "" },
      ],
    },
    file.context,
  );
  expect(error.message).toContain("Edit 2 of 2");
  expect(await file.content()).toBe("three");
});

test("a text that occurs more than once is refused with the lines", async () => {
  const file = await fileWith("x\ny\nx\n");
  expect(await refusal(edit, change("x", "z"), file.context)).toMatchObject({
    code: "ambiguous_match",
    data: { count: 2, lines: [1, 3] },
  });
});

test("a text that differs only in white space is told with the line and what stands there", async () => {
  const file = await fileWith("function f() {\n\treturn 1;\n}\n");
  const error = await refusal(edit, change("function f() {\n  return 1;\n}", ""), file.context);
  expect(error).toMatchObject({
    code: "no_match",
    data: { line: 1, found: "function f() {\n\treturn 1;\n}" },
  });
  expect(error.message).toContain("only in white space");
});

test("a text that is nearly there is told with the nearest line", async () => {
  const file = await fileWith("alpha\nconst total = sum(values);\nomega\n");
  const error = await refusal(edit, change("const total = sum(value);", ""), file.context);
  expect(error).toMatchObject({
    code: "no_match",
    data: { line: 2, found: "const total = sum(values);" },
  });
});

test("a text that is nowhere near is simply not there", async () => {
  const file = await fileWith("alpha\n");
  const error = await refusal(edit, change("0123456789", ""), file.context);
  expect(error.code).toBe("no_match");
  expect(error.message).toContain("nothing like it");
});

test("a file with CRLF keeps it, whatever the edit is written with", async () => {
  const file = await fileWith("one\r\ntwo\r\nthree\r\n");
  await output(edit, change("one\ntwo", "1\n2\n2b"), file.context);
  expect(await file.content()).toBe("1\r\n2\r\n2b\r\nthree\r\n");
  await output(edit, change("three", "3\n4"), file.context);
  expect(await file.content()).toBe("1\r\n2\r\n2b\r\n3\r\n4\r\n");
});

test("a file with both line ends is matched exactly, and else in CRLF", async () => {
  const file = await fileWith("a\nb\r\nc\r\n");
  await output(edit, change("b\nc", "B\nC"), file.context);
  expect(await file.content()).toBe("a\nB\r\nC\r\n");
  await output(edit, change("a", "A\nA"), file.context);
  expect(await file.content()).toBe("A\nA\nB\r\nC\r\n");
});

test("byte order mark and mode are kept", async () => {
  const file = await fileWith("\uFEFFhello");
  await chmod(file.path, 0o755);
  await output(edit, change("hello", "bye"), file.context);
  expect(await file.content()).toBe("\uFEFFbye");
  expect((await stat(file.path)).mode & 0o777).toBe(0o755);
});

test("an edit that expects another version is refused before it is tried", async () => {
  const file = await fileWith("new content");
  const error = await refusal(
    edit,
    { ...change("old content", "x"), expectedVersion: "hNot" },
    file.context,
  );
  expect(error.code).toBe("version_conflict");
});

test("a file that is not UTF-8 is refused rather than damaged", async () => {
  const bytes = Uint8Array.of(0x61, 0xe9, 0x62);
  const file = await fileWith(bytes);
  expect(await refusal(edit, change("a", "b"), file.context)).toMatchObject({
    code: "binary_file",
  });
  expect([...(await readFile(file.path))]).toEqual([...bytes]);
});

test("an empty old text, no edits and a missing file are refused", async () => {
  const file = await fileWith("x");
  expect(await refusal(edit, change("", "y"), file.context)).toMatchObject({
    code: "invalid_input",
  });
  expect(await refusal(edit, { path: "file.ts", edits: [] }, file.context)).toMatchObject({
    code: "invalid_input",
  });
  expect(await refusal(edit, { ...change("x", "y"), path: "gone" }, file.context)).toMatchObject({
    code: "not_found",
  });
});

test("edits of one file at once all come to stand", async () => {
  const names = Array.from({ length: 10 }, (_, n) => `<${n}>`);
  const file = await fileWith(names.join("\n"));
  await Promise.all(names.map((name) => output(edit, change(name, `done ${name}`), file.context)));
  expect(await file.content()).toBe(names.map((name) => `done ${name}`).join("\n"));
});

test.each([
  ["a\r\nb\nc\r\nd\r\n", "c", "c\nnew", "a\r\nb\nc\r\nnew\r\nd\r\n"],
  ["a\r\nb\nc\nd\r\n", "c", "c\nnew", "a\r\nb\nc\nnew\nd\r\n"],
  ["a\r\nb\nc\r\n", "a\nb", "a\nnew\nb", "a\r\nnew\r\nb\nc\r\n"],
  ["a\nb\nlast\r\nend", "end", "end\nmore", "a\nb\nlast\r\nend\r\nmore"],
  ["one", "one", "one\ntwo", "one\ntwo"],
])("new lines end as the lines around them (%#)", async (before, oldText, newText, after) => {
  const file = await fileWith(before);
  await output(edit, change(oldText, newText), file.context);
  expect(await file.content()).toBe(after);
});
