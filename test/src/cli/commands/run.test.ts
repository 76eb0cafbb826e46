import { expect, test } from "vitest";
import { Terminal } from "../terminal.ts";

const SLEEPS = { calls: [{ intent: "shell", command: "echo begun; sleep 300" }] } as const;

test("SIGTERM to a run on a shared daemon cancels it, so that timeout leaves no agent at work", async () => {
  await using terminal = await Terminal.open([SLEEPS]);
  await terminal.serve();
  const run = terminal.start(["run", "go"]);
  await run.line("│ begun");
  run.child.kill("SIGTERM");
  const { status, stdout, stderr } = await run.ended;
  expect([status, stderr]).toEqual([3, ""]);
  expect(stdout).toMatch(/■ cancelled in/);
  expect((await terminal.run(["status"])).stdout).toContain("0 running, 0 queued");
});

test("a signal to a run that waits for its turn cancels it", async () => {
  await using terminal = await Terminal.open([SLEEPS]);
  await terminal.serve("--max-runs", "1");
  const first = terminal.start(["run", "go"]);
  await first.line("│ begun");
  const second = terminal.start(["run", "--json", "wait"]);
  await second.line("run.queued");
  second.child.kill("SIGTERM");
  expect((await second.ended).status).toBe(3);
  first.child.kill("SIGINT");
  expect((await first.ended).status).toBe(3);
});

test("a detached run is named and goes on, and who attaches to it leaves it with a word", async () => {
  await using terminal = await Terminal.open([SLEEPS]);
  await terminal.serve();
  const { status, stdout } = await terminal.run(["run", "--detach", "go"]);
  const runId = stdout.trim();
  expect([status, runId]).toEqual([0, expect.stringMatching(/^run_\w+$/)]);
  const watching = terminal.start(["attach", runId]);
  await watching.line("│ begun"); // printed before anyone watched, and in no fact yet
  watching.child.kill("SIGTERM");
  const left = await watching.ended;
  expect(left.status).toBe(4);
  expect(left.stderr).toContain(`left ${runId}, which goes on`);
  expect((await terminal.run(["status"])).stdout).toContain("1 running");
  expect((await terminal.run(["cancel", runId, "--json"])).stdout).toContain(
    '"outcome":"cancelled"',
  );
});

test("a run is not detached from a daemon that would end with the command", async () => {
  await using terminal = await Terminal.open();
  const { status, stderr } = await terminal.run(["run", "--detach", "go"]);
  expect([status, stderr]).toEqual([5, expect.stringContaining("start one with `harnessd serve`")]);
});

test("a run's variables, MCP servers and permissions reach the daemon", async () => {
  await using terminal = await Terminal.open([
    { calls: [{ intent: "shell", command: 'echo "$A-$HOME"' }] },
    { calls: [{ intent: "shell", command: "rm -rf nothing" }] },
    { text: "Done." },
  ]);
  await terminal.serve();
  const args = ["run", "--env", "A=1", "--env", "HOME", "--permission", "deny:*:rm *", "go"];
  const { status, stdout } = await terminal.run(args, { env: { HOME: "/home/of-the-caller" } });
  expect(status).toBe(0);
  expect(stdout).toContain("│ 1-/home/of-the-caller");
  expect(stdout).toMatch(/● \$ rm -rf nothing\n {2}deny by policy/);
  const refused = await terminal.run([
    "run",
    "--mcp",
    "x=https://example.com/mcp",
    "--harness",
    "nobody",
    "go",
  ]);
  expect(refused.status).toBe(6);
});

test("a run that its own time limit ended is 124", async () => {
  await using terminal = await Terminal.open([SLEEPS]);
  const { status, stdout } = await terminal.run(["run", "--timeout", "1", "go"]);
  expect([status, stdout]).toEqual([124, expect.stringContaining("timed_out: ")]);
});

test("FORCE_COLOR colours what a pipe reads", async () => {
  await using terminal = await Terminal.open();
  const { stdout } = await terminal.run(["run", "go"], { env: { FORCE_COLOR: "1" } });
  expect(stdout).toContain("\u001B[1m▶");
});
