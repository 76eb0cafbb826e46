import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { describeCall, failureText, outputText } from "../../../src/cli/tool-call-text.ts";

const HARNESSES = resolve(import.meta.dirname, "../../harnesses");

test.each([
  ["shell_exec", { command: "npm test" }, "$ npm test"],
  ["Bash", { command: "npm test", description: "Runs the tests" }, "$ npm test"],
  [
    "exec_command",
    { command: ["git", "commit", "-m", "a word"], cwd: "/box" },
    "$ git commit -m 'a word'",
  ],
  ["fs_read", { path: "src/a.ts" }, "read src/a.ts"],
  ["fs_read", { path: "src/a.ts", startLine: 20, maxLines: 5 }, "read src/a.ts:20-24"],
  ["Read", { file_path: "/box/src/a.ts", offset: 3, limit: 2 }, "read src/a.ts:3-4"],
  ["fs_write", { path: "a.txt", content: "one\ntwo\n" }, "write a.txt (+2 −0)"],
  ["write", { filePath: "/box/a.txt", content: "one\ntwo" }, "write a.txt (+2 −0)"],
  [
    "fs_edit",
    {
      path: "a.ts",
      edits: [
        { oldText: "a\n", newText: "b\nc\n" },
        { oldText: "d", newText: "" },
      ],
    },
    "edit a.ts (+2 −2)",
  ],
  ["Edit", { file_path: "/box/a.ts", old_string: "a", new_string: "b" }, "edit a.ts (+1 −1)"],
  [
    "apply_patch",
    {
      changes: [
        { path: "/box/b.txt", kind: { type: "add" }, diff: "one\ntwo\n" },
        {
          path: "/box/c.txt",
          kind: { type: "update", move_path: null },
          diff: "@@ -1 +1 @@\n-x\n+y\n",
        },
      ],
    },
    "apply patch add b.txt, c.txt (+3 −1)",
  ],
  [
    "apply_patch",
    { patchText: "*** Begin Patch\n*** Update File: a.ts\n@@\n-x\n+y\n+z\n*** End Patch" },
    "apply patch a.ts (+2 −1)",
  ],
  ["fs_grep", { pattern: "TODO", path: "src" }, 'grep "TODO" in src'],
  ["fs_glob", { patterns: ["**/*.ts", "*.md"], path: "." }, 'glob "**/*.ts *.md"'],
  ["fs_move", { from: "a", to: "b" }, "move a → b"],
  [
    "WebFetch",
    { url: "https://example.com/", prompt: "what is it" },
    "web fetch https://example.com/",
  ],
  [
    "mcp__tracker__createIssue",
    { state: "open", labels: ["a", "b"], at: { x: 1 } },
    "tracker: create issue state: open, labels: a b, at: 1 fields",
  ],
  ["TodoWrite", { todos: [{ content: "a" }, { content: "b" }] }, "todo write todos: 2 entries"],
  ["plan_update", null, "plan update"],
])("%s of %j reads as a person would write it", (name, input, text) => {
  expect(describeCall({ name, input }, "/box")).toBe(text);
});

test("a long command is cut, and stays on one line", () => {
  const text = describeCall({
    name: "Bash",
    input: { command: `echo a\necho ${"b".repeat(500)}` },
  });
  expect(text).toMatch(/^\$ echo a echo b+…$/);
  expect(text.length).toBeLessThan(200);
});

test("what a call has printed is found in the answer of every harness", () => {
  expect(outputText({ stdout: "out\n", stderr: "err\n", exitCode: 1 })).toBe("out\nerr\n");
  expect(outputText({ output: "hello\n", status: "completed" })).toBe("hello\n");
  expect(outputText({ content: [{ type: "text", text: "echo: ping" }], _meta: null })).toBe(
    "echo: ping",
  );
  expect(outputText("plain")).toBe("plain");
  expect(outputText(null)).toBe("");
  expect(failureText({ message: "no such file", code: "not_found" })).toBe("no such file");
  expect(failureText({ status: "declined" })).toBe("declined");
});

interface Event {
  readonly type: string;
  readonly name: string;
  readonly input: unknown;
  readonly ok: boolean;
  readonly output: unknown;
}

test.each(["claude-code", "codex", "opencode"])(
  "no recorded call of %s, and none that failed, is shown as JSON",
  (harness) => {
    const folder = join(HARNESSES, harness, "golden");
    const events = readdirSync(folder)
      .filter((file) => file.includes("events"))
      .flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n").filter(Boolean))
      .flatMap((line) => [JSON.parse(line) as Event].flat(2));
    const started = events.filter(({ type }) => type === "tool.started");
    expect(started.length).toBeGreaterThan(3);
    for (const call of started) expect(describeCall(call)).not.toMatch(/[{[]"|"[}\]]/);
    for (const { output } of events.filter(({ type, ok }) => type === "tool.finished" && !ok))
      expect(failureText(output)).not.toMatch(/[{[]"|"[}\]]/);
  },
);
