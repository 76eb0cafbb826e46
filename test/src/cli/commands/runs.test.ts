import { expect, test } from "vitest";
import { Terminal } from "../terminal.ts";

test("runs and sessions are asked of the daemon, and read from its journal where none serves", async () => {
  await using terminal = await Terminal.open([{ text: "One." }, { text: "Two." }]);
  expect((await terminal.run(["runs"])).stdout).toBe("There are no such runs.\n");
  expect(await terminal.run(["sessions", "--json"])).toEqual({ status: 0, stdout: "", stderr: "" });
  await terminal.serve();
  for (const prompt of ["one", "two"]) await terminal.run(["run", prompt]);
  const lists = [
    ["runs", "--json"],
    ["runs", "--json", "--limit", "1"],
    ["sessions", "--json"],
  ];
  const asked = await Promise.all(lists.map((args) => terminal.run(args)));
  expect(asked.map(({ stdout }) => stdout.trim().split("\n").length)).toEqual([2, 1, 2]);
  await terminal.stopDaemon();
  expect(await Promise.all(lists.map((args) => terminal.run(args)))).toEqual(asked);
  const failed = await terminal.run(["runs", "--outcome", "failed"]);
  expect(failed).toEqual({ status: 0, stdout: "There are no such runs.\n", stderr: "" });
  expect((await terminal.run(["runs", "--url", "ws://127.0.0.1:9"])).status).toBe(5);
});

test("a reader that has left ends a list quietly", async () => {
  await using terminal = await Terminal.open();
  await terminal.run(["run", "one"]);
  const list = terminal.start(["runs"]);
  list.child.stdout?.destroy();
  expect(await list.ended).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("a current directory that has been deleted is said plainly", async () => {
  await using terminal = await Terminal.open();
  const { spawnSync } = await import("node:child_process");
  const program = new URL("../../../../src/bin.ts", import.meta.url).pathname;
  const script = `cd "$(mktemp -d)" && rmdir "$PWD" && exec "${process.execPath}" "${program}" runs`;
  const { status, stderr } = spawnSync("bash", ["-c", script], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: terminal.base },
  });
  expect([status, stderr]).toEqual([
    2,
    "harnessd: The current directory has been deleted; change to one that is there\n",
  ]);
});
