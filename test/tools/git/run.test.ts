import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { run } from "../../../tools/git/run.ts";
import { output, refusal } from "../tool-context.ts";
import { gitContextIn } from "./git-context.ts";
import { makeRepository } from "./remote-host.ts";

test("any command runs, with its exit code, both streams and its input", async () => {
  const context = await gitContextIn(await makeRepository());
  expect(await output(run, { args: ["rev-parse", "--is-inside-work-tree"] }, context)).toEqual({
    exitCode: 0,
    stdout: "true\n",
    stderr: "",
    truncated: false,
  });
  expect(
    await output(run, { args: ["hash-object", "--stdin"], stdin: "x" }, context),
  ).toMatchObject({
    stdout: "c1b0730e0133447badcfd47fd144e254807b06e1\n",
  });
  const failed = await output(run, { args: ["frobnicate"] }, context);
  expect(failed).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("not a git command"),
  });
  expect(context.emitted()).toContain("not a git command");
});

test.each([["a\0b"], ["log", "a\0b"], ["__proto__"], ["--help", "toString"]])(
  "arguments that no program can be given are refused: %j",
  async (...args) => {
    const context = await gitContextIn(await makeRepository());
    expect(await refusal(run, { args }, context)).toMatchObject({ code: "invalid_input" });
  },
);

test("a command that reads its input finds it closed, and one that would open an editor or a pager does not wait", async () => {
  const context = await gitContextIn(await makeRepository());
  expect(await output(run, { args: ["hash-object", "--stdin"] }, context)).toMatchObject({
    exitCode: 0,
  });
  expect(await output(run, { args: ["commit", "--amend"] }, context)).toMatchObject({
    exitCode: 0,
  });
  expect(await output(run, { args: ["-p", "log"] }, context)).toMatchObject({ exitCode: 0 });
});

test("no shell is involved, and options, configuration and abbreviations are git's own", async () => {
  const context = await gitContextIn(await makeRepository());
  expect(
    await output(run, { args: ["log", "--format=format:$(echo x); `y`", "-1"] }, context),
  ).toMatchObject({ stdout: "$(echo x); `y`" });
  expect(await output(run, { args: ["-c", "alias.hi=!echo hello", "hi"] }, context)).toMatchObject({
    stdout: "hello\n",
  });
  expect(await output(run, { args: ["branch", "--show-cur"] }, context)).toMatchObject({
    stdout: "main\n",
  });
});

test("a flood is cut, and git runs to its end", async () => {
  const context = await gitContextIn(await makeRepository());
  await writeFile(join(context.cwd, "big"), "a line of the flood\n".repeat(500_000));
  const flood = await output(
    run,
    { args: ["-c", "alias.flood=!cat big; touch done", "flood"], maxChars: 1000 },
    context,
  );
  expect(flood).toMatchObject({ exitCode: 0, truncated: true });
  expect(flood.stdout.length).toBeLessThanOrEqual(1000);
  expect(await output(run, { args: ["ls-files", "--others", "done"] }, context)).toMatchObject({
    stdout: "done\n",
  });
});

test("a process that git leaves behind does not hold the answer up", async () => {
  const context = await gitContextIn(await makeRepository());
  const started = performance.now();
  expect(await output(run, { args: ["-c", "alias.bg=!sleep 30 &", "bg"] }, context)).toMatchObject({
    exitCode: 0,
  });
  expect(performance.now() - started).toBeLessThan(10_000);
});
