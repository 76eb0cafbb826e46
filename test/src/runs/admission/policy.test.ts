import { expect, test } from "vitest";
import { PermissionPolicy, type RunRequestInput } from "../../../../src/wire/methods.ts";
import { allowsEverything, type Policy, rulingOn } from "../../../../src/runs/admission/policy.ts";

type Given = RunRequestInput["permissions"];
const deny = (pattern: string): Given => ({ rules: [{ pattern, decision: "deny" }] });
const allow = (pattern: string): Given => ({
  rules: [{ pattern, decision: "allow" }],
  otherwise: "deny",
});
const policy = (given: RunRequestInput["permissions"]): Policy => PermissionPolicy.parse(given);

test.each<[string, RunRequestInput["permissions"], string, unknown, string]>([
  [
    "no rule matches: what stands otherwise",
    { otherwise: "ask" },
    "Bash",
    { command: "ls" },
    "ask",
  ],
  [
    "deny wins over ask and allow, in any order",
    { rules: [{ decision: "deny" }, { decision: "ask" }, { decision: "allow" }] },
    "x",
    {},
    "deny",
  ],
  ["ask wins over allow", { rules: [{ decision: "ask" }, { decision: "allow" }] }, "x", {}, "ask"],
  [
    "a rule names its tool",
    { rules: [{ tool: "fs_write", decision: "deny" }] },
    "fs_read",
    {},
    "allow",
  ],
  [
    "a rule names tools by a star",
    { rules: [{ tool: "git_*", decision: "deny" }] },
    "git_push",
    {},
    "deny",
  ],
  [
    "a pattern is about the command",
    { rules: [{ tool: "shell_exec", pattern: "git push*", decision: "ask" }] },
    "shell_exec",
    { command: "git push origin/main --force" },
    "ask",
  ],
  [
    "a pattern is about the path",
    { rules: [{ pattern: "/etc/*", decision: "deny" }] },
    "Write",
    { file_path: "/etc/a/b" },
    "deny",
  ],
  [
    "a pattern's other characters stand for themselves",
    { rules: [{ pattern: "a.c", decision: "deny" }] },
    "x",
    { command: "abc" },
    "allow",
  ],
  [
    "a command as a list of words is read as a line",
    { rules: [{ pattern: "rm -rf*", decision: "deny" }] },
    "shell",
    { command: ["rm", "-rf", "/"] },
    "deny",
  ],
  [
    "a rule on paths is about both ends of a move",
    deny("/etc/*"),
    "fs_move",
    { from: "/etc/passwd", to: "a" },
    "deny",
  ],
  [
    "a path is what it means, however it is written",
    deny("/etc/*"),
    "fs_read",
    { path: "x/../../etc/passwd" },
    "deny",
  ],
  [
    "a relative path is meant from the run's directory",
    deny("/box/secret/*"),
    "fs_read",
    { path: "secret/key" },
    "deny",
  ],
  [
    "what leaves a directory by dots is not allowed as in it",
    allow("src/*"),
    "fs_write",
    { path: "src/../../etc/passwd" },
    "deny",
  ],
  [
    "an absolute path into the run's directory is in it",
    allow("src/*"),
    "fs_write",
    { path: "/box/src/a.ts" },
    "allow",
  ],
  [
    "what allows must be about all that a call names",
    allow("src/*"),
    "mcp__files__do",
    { command: "src/x", path: "/etc/passwd" },
    "deny",
  ],
  [
    "an edit of several files is about each",
    deny("/etc/*"),
    "apply_patch",
    { changes: [{ path: "a" }, { path: "/etc/hosts" }] },
    "deny",
  ],
  [
    "git's arguments are its command",
    deny("push*"),
    "git_run",
    { args: ["push", "--force"] },
    "deny",
  ],
  [
    "a search is about where it looks",
    allow("/box/*"),
    "fs_grep",
    { pattern: "TODO", path: "/box/src" },
    "allow",
  ],
])("%s", (_title, given, name, input, ruling) => {
  expect(rulingOn(policy(given), { name, input }, "/box")).toBe(ruling);
});

test("a policy that only allows asks nobody", () => {
  expect(
    [undefined, policy({}), policy({ rules: [{ decision: "allow" }] })].map(allowsEverything),
  ).toEqual([true, true, true]);
  expect(
    [policy({ otherwise: "ask" }), policy({ rules: [{ tool: "x", decision: "deny" }] })].map(
      allowsEverything,
    ),
  ).toEqual([false, false]);
});

test("a pattern full of stars takes no more time than its length and the command's", () => {
  const before = performance.now();
  expect(
    rulingOn(
      policy(deny("*a".repeat(40) + "b")),
      { name: "Bash", input: { command: "a".repeat(100_000) } },
      "/",
    ),
  ).toBe("allow");
  expect(performance.now() - before).toBeLessThan(1000);
});
