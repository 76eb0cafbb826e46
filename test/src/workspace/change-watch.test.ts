import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { EventOf } from "../../../src/wire/events.ts";
import { ChangeWatch } from "../../../src/workspace/change-watch.ts";
import { clearLeftovers } from "../../../src/workspace/shadow-repository.ts";

/** From then on a file's time tells whether it has changed since. */
const SETTLING_MS = 100;
let base = "";
let cwd = "";
let events: EventOf<"file.changed" | "notice">[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "harnessd-changes-"));
  cwd = join(base, "work");
  mkdirSync(cwd);
  events = [];
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const processes = { markerOf: (owner: string) => ({ HARNESSD_OWNER: owner }) };

function watch(runId = "run_1"): ChangeWatch {
  return new ChangeWatch({
    runId,
    cwd,
    stateDir: join(base, "state"),
    processes,
    onEvent: (event) => events.push(event),
  });
}

test("files that were created, modified and deleted by anyone are told with their diffs", async () => {
  writeFileSync(join(cwd, "old.txt"), "one\ntwo\n");
  writeFileSync(join(cwd, "gone.txt"), "bye\n");
  const changes = watch();
  await changes.ready();
  writeFileSync(join(cwd, "old.txt"), "one\n2\n");
  rmSync(join(cwd, "gone.txt"));
  mkdirSync(join(cwd, "dir"));
  writeFileSync(join(cwd, "dir", "naïve – name.txt"), "new\n");
  await changes.look("call_1");
  await changes.close();
  expect(events).toMatchObject([
    { path: "dir/naïve – name.txt", change: "created", toolCallId: "call_1" },
    { path: "gone.txt", change: "deleted" },
    {
      path: "old.txt",
      change: "modified",
      diff: "--- a/old.txt\n+++ b/old.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
    },
  ]);
});

test("a change is told once, and one made after the last look is told at the end", async () => {
  const changes = watch();
  await changes.ready();
  writeFileSync(join(cwd, "a"), "1\n");
  await changes.look("call_1");
  await changes.look("call_2");
  writeFileSync(join(cwd, "b"), "2\n");
  await changes.close();
  expect(
    events.map((event) => event.type === "file.changed" && [event.path, event.toolCallId]),
  ).toEqual([
    ["a", "call_1"],
    ["b", undefined],
  ]);
});

test("a change that a further call may have made already is told as nobody's", async () => {
  const changes = watch();
  await changes.ready();
  const call = (toolCallId: string) => ({ toolCallId, name: "shell_exec" });
  changes.follow({ type: "tool.started", ...call("call_1"), kind: "execute", input: {} });
  changes.follow({ type: "tool.finished", ...call("call_1"), ok: true, output: null });
  changes.follow({ type: "tool.started", ...call("call_2"), kind: "execute", input: {} });
  writeFileSync(join(cwd, "a"), "1\n");
  await changes.close();
  expect(events).toMatchObject([{ path: "a", change: "created" }]);
  expect(events[0]).not.toHaveProperty("toolCallId");
});

test("a repository of the directory's own is neither read nor touched, and what it ignores is not told", async () => {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", cwd, ...args], { encoding: "utf8" });
  git("init", "--quiet");
  writeFileSync(join(cwd, ".gitignore"), "build/\n");
  const changes = watch();
  await changes.ready();
  mkdirSync(join(cwd, "build"));
  mkdirSync(join(cwd, "node_modules"));
  writeFileSync(join(cwd, "build", "out"), "x");
  writeFileSync(join(cwd, "node_modules", "dep"), "x");
  writeFileSync(join(cwd, "seen"), "x\n");
  await changes.close();
  expect(events.map((event) => event.type === "file.changed" && event.path)).toEqual(["seen"]);
  expect(git("status", "--porcelain")).toContain("?? seen");
  expect(git("count-objects").startsWith("0 objects")).toBe(true);
});

test("a binary file, a link and a changed mode are told without breaking the diffs of the others", async () => {
  writeFileSync(join(cwd, "tool"), "#!/bin/sh\n");
  const changes = watch();
  await changes.ready();
  writeFileSync(join(cwd, "a.bin"), Buffer.from([0, 1, 2, 255]));
  symlinkSync("tool", join(cwd, "link"));
  chmodSync(join(cwd, "tool"), 0o755);
  writeFileSync(join(cwd, "z.txt"), "last\n");
  await changes.close();
  const told = events.flatMap((event) =>
    event.type === "file.changed"
      ? [[event.path, event.change, event.diff?.includes("+last") ?? null]]
      : [],
  );
  expect(told).toEqual([
    ["a.bin", "created", null],
    ["link", "created", false],
    ["tool", "modified", null],
    ["z.txt", "created", true],
  ]);
});

test("two runs in one directory look at the same time, and leave no file of theirs behind", async () => {
  const [one, two] = [watch("run_1"), watch("run_2")];
  await Promise.all([one.ready(), two.ready()]);
  writeFileSync(join(cwd, "both"), "x\n");
  await Promise.all([one.close(), two.close()]);
  expect(events.map((event) => event.type)).toEqual(["file.changed", "file.changed"]);
  const [shadow] = readdirSync(join(base, "state", "workspaces"));
  expect(
    readdirSync(join(base, "state", "workspaces", shadow!)).filter((file) =>
      file.startsWith("index"),
    ),
  ).toEqual(["index"]);
});

test("in a directory that stands still git is asked once, and what changes then is told against what stood there", async () => {
  writeFileSync(join(cwd, "file"), "one\n");
  await delay(SETTLING_MS);
  const first = watch("run_1");
  await first.close();
  const [shadow = ""] = readdirSync(join(base, "state", "workspaces"));
  const indexes = (): string[] =>
    readdirSync(join(base, "state", "workspaces", shadow)).filter((name) =>
      name.startsWith("index-"),
    );
  const still = watch("run_2");
  await still.ready();
  expect(indexes()).toEqual([]);
  await still.close();
  expect(events).toEqual([]);
  const changes = watch("run_3");
  await changes.ready();
  writeFileSync(join(cwd, "file"), "two\n");
  await changes.close();
  expect(events).toMatchObject([
    { path: "file", change: "modified", diff: "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-one\n+two\n" },
  ]);
});

test("what changes between two runs is neither's", async () => {
  writeFileSync(join(cwd, "file"), "one\n");
  await delay(SETTLING_MS);
  await watch("run_1").close();
  writeFileSync(join(cwd, "file"), "two\n");
  await delay(SETTLING_MS);
  const changes = watch("run_2");
  await changes.ready();
  writeFileSync(join(cwd, "other"), "x\n");
  await changes.close();
  expect(events).toMatchObject([{ path: "other", change: "created" }]);
});

test("what a killed daemon left in the repositories is removed at the next start, and disturbs no later look", async () => {
  const killed = watch("run_killed");
  await killed.ready();
  const workspaces = join(base, "state", "workspaces");
  const [shadow = ""] = readdirSync(workspaces);
  for (const name of ["index-run_killed.lock", "index.lock", "HEAD.lock"])
    writeFileSync(join(workspaces, shadow, name), "");
  mkdirSync(join(workspaces, `${shadow}.run_killed`));
  await clearLeftovers(join(base, "state"));
  expect(readdirSync(workspaces)).toEqual([shadow]);
  expect(
    readdirSync(join(workspaces, shadow)).filter((name) => /^index-|\.lock$/.test(name)),
  ).toEqual([]);
  const changes = watch("run_2");
  await changes.ready();
  writeFileSync(join(cwd, "seen"), "x\n");
  await changes.close();
  expect(events).toMatchObject([{ path: "seen", change: "created" }]);
});

test("looking adds no listener for signals: how this process ends is not its affair", async () => {
  const added: (string | symbol)[] = [];
  const note = (name: string | symbol): void => void added.push(name);
  process.on("newListener", note);
  const changes = watch();
  await changes.ready();
  await changes.close();
  process.off("newListener", note);
  expect(added.filter((name) => String(name).startsWith("SIG"))).toEqual([]);
});

test("the daemon's own state is no change, even where it lies in the directory", async () => {
  cwd = base;
  const changes = watch();
  await changes.ready();
  writeFileSync(join(base, "state", "journal.db"), "facts");
  writeFileSync(join(base, "seen"), "x\n");
  await changes.close();
  expect(events.map((event) => event.type === "file.changed" && event.path)).toEqual(["seen"]);
});

test("without git every run says that changes are unseen, and none fails for it", async () => {
  const { PATH } = process.env;
  process.env["PATH"] = "/nowhere";
  try {
    for (let run = 0; run < 21; run++) await watch(`run_${run}`).close();
  } finally {
    process.env["PATH"] = PATH;
  }
  expect(events.map((event) => event.type === "notice" && event.code)).toEqual(
    Array.from({ length: 21 }, () => "changes_unseen"),
  );
});

test("a directory that cannot be looked at is a notice and not a failure", async () => {
  rmSync(cwd, { recursive: true });
  const changes = watch();
  await changes.close();
  expect(events).toMatchObject([{ type: "notice", code: "changes_unseen" }]);
});

test("a daemon that a hook of another repository has started looks at its own directory", async () => {
  const other = join(base, "other");
  execFileSync("git", ["init", "--quiet", other]);
  vi.stubEnv("GIT_DIR", join(other, ".git"));
  vi.stubEnv("GIT_INDEX_FILE", join(other, ".git/index"));
  vi.stubEnv("GIT_WORK_TREE", other);
  onTestFinished(() => void vi.unstubAllEnvs());
  writeFileSync(join(cwd, "old.txt"), "one\n");
  const changes = watch();
  await changes.ready();
  writeFileSync(join(cwd, "old.txt"), "two\n");
  await changes.look("call_1");
  await changes.close();
  expect(events).toMatchObject([{ path: "old.txt", change: "modified" }]);
});

/** What a run that does this is told to have changed. */
async function changesOf(act: () => void): Promise<string[]> {
  const changes = watch();
  await changes.ready();
  act();
  await changes.look("call_1");
  await changes.close();
  return events.map((event) =>
    event.type === "notice" ? event.code : `${event.change} ${event.path}`,
  );
}

test("files of a repository inside of the directory are told like any other, whether it has a commit or not", async () => {
  const repositories = ["committed", "fresh", "deep/er"].map((name) => join(cwd, name));
  for (const path of repositories) {
    mkdirSync(path, { recursive: true });
    execFileSync("git", ["init", "--quiet"], { cwd: path });
    writeFileSync(join(path, "kept.txt"), "one\n");
  }
  const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
  execFileSync("git", ["add", "."], { cwd: repositories[0] });
  execFileSync("git", [...identity, "commit", "-qm", "x"], { cwd: repositories[0] });
  writeFileSync(join(cwd, "beside.txt"), "one\n");
  expect(
    await changesOf(() => {
      for (const path of repositories) writeFileSync(join(path, "kept.txt"), "two\n");
      writeFileSync(join(cwd, "beside.txt"), "two\n");
      execFileSync("git", ["init", "--quiet", join(cwd, "made")]);
      writeFileSync(join(cwd, "made", "new.txt"), "new\n");
    }),
  ).toEqual([
    "modified beside.txt",
    "modified committed/kept.txt",
    "modified deep/er/kept.txt",
    "modified fresh/kept.txt",
    "created made/new.txt",
  ]);
});

test("a file that becomes a link leaves every other change its own diff", async () => {
  for (const name of ["a", "b", "c"]) writeFileSync(join(cwd, name), `${name}\n`);
  await changesOf(() => {
    writeFileSync(join(cwd, "a"), "a2\n");
    rmSync(join(cwd, "b"));
    symlinkSync("c", join(cwd, "b"));
    writeFileSync(join(cwd, "c"), "c2\n");
  });
  expect(events).toMatchObject([
    { path: "a", diff: expect.stringContaining("+a2") as string },
    { path: "b", change: "modified", diff: expect.stringMatching(/-b\n[^]*\+c\n/) as string },
    { path: "c", diff: expect.stringContaining("+c2") as string },
  ]);
});

test("what the repository around the directory ignores is not told, and what it does not is", async () => {
  execFileSync("git", ["init", "--quiet", base]);
  writeFileSync(join(base, ".gitignore"), "dist/\n/state\n");
  writeFileSync(join(base, ".git/info/exclude"), "*.log\n");
  writeFileSync(join(cwd, ".gitignore"), "own\n");
  expect(
    await changesOf(() => {
      mkdirSync(join(cwd, "dist"));
      writeFileSync(join(cwd, "dist", "built.js"), "");
      for (const name of ["noise.log", "own", "seen"]) writeFileSync(join(cwd, name), "");
    }),
  ).toEqual(["created seen"]);
});

test("a directory that the repository around it ignores is looked at all the same", async () => {
  execFileSync("git", ["init", "--quiet", base]);
  writeFileSync(join(base, ".gitignore"), "work/\n");
  expect(await changesOf(() => writeFileSync(join(cwd, "seen"), ""))).toEqual(["created seen"]);
});

test("a path that git cannot take in is named, and all else is told", async () => {
  writeFileSync(join(cwd, ".GIT"), "odd\n");
  writeFileSync(join(cwd, "a"), "a\n");
  expect(await changesOf(() => writeFileSync(join(cwd, "a"), "a2\n"))).toEqual([
    "changes_incomplete",
    "modified a",
  ]);
  expect(events[0]).toMatchObject({ message: expect.stringContaining(".GIT") as string });
});

test("a change of line ends alone is told, whatever the directory's attributes say", async () => {
  writeFileSync(join(cwd, ".gitattributes"), "* text=auto eol=lf\n*.bin filter=none\n");
  writeFileSync(join(cwd, "a.txt"), "one\n");
  expect(await changesOf(() => writeFileSync(join(cwd, "a.txt"), "one\r\n"))).toEqual([
    "modified a.txt",
  ]);
});

test("a repository inside of the directory that is ignored is not told", async () => {
  writeFileSync(join(cwd, ".gitignore"), "vendor/\n");
  mkdirSync(join(cwd, "vendor", "lib"), { recursive: true });
  execFileSync("git", ["init", "--quiet", join(cwd, "vendor", "lib")]);
  writeFileSync(join(cwd, "vendor", "lib", "a"), "one\n");
  expect(
    await changesOf(() => {
      writeFileSync(join(cwd, "vendor", "lib", "a"), "two\n");
      writeFileSync(join(cwd, "seen"), "");
    }),
  ).toEqual(["created seen"]);
});
