import { expect, test } from "vitest";
import { Terminal } from "../terminal.ts";

test("the first Ctrl-C is the command's own to answer", async () => {
  await using terminal = await Terminal.open();
  const script = 'trap "echo tidied; exit 9" INT; echo ready; sleep 300 & wait';
  const exec = terminal.start(["exec", "bash", "-c", script]);
  await exec.line("ready");
  exec.child.kill("SIGINT");
  expect(await exec.ended).toEqual({ status: 9, stdout: "ready\ntidied\n", stderr: "" });
});

test("a second Ctrl-C ends a command that does not heed the first, and all that it started", async () => {
  await using terminal = await Terminal.open();
  const script = 'trap "echo once" INT; echo ready; while true; do sleep 0.05; done';
  const exec = terminal.start(["exec", "bash", "-c", script]);
  await exec.line("ready");
  exec.child.kill("SIGINT");
  await exec.line("once");
  exec.child.kill("SIGINT");
  expect((await exec.ended).status).toBe(130);
});
