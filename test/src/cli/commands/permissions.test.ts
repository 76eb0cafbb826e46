import { expect, test } from "vitest";
import { Terminal } from "../terminal.ts";

test("a run with a daemon of its own cannot ask, since nobody else reaches it", async () => {
  await using terminal = await Terminal.open();
  const { status, stderr } = await terminal.run(["run", "--permission", "ask", "go"]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("nobody can answer")]);
});

test("a call that asks waits until somebody answers it from another terminal", async () => {
  await using terminal = await Terminal.open([
    { calls: [{ intent: "shell", command: "echo allowed" }] },
    { calls: [{ intent: "shell", command: "echo denied" }] },
    { text: "Done." },
  ]);
  await terminal.serve();
  expect((await terminal.run(["permissions"])).stdout).toBe("No tool call waits for an answer.\n");
  const run = terminal.start(["run", "--permission", "ask:shell_exec", "go"]);
  const answer = async (command: string, ...decision: string[]): Promise<void> => {
    await run.line(`? $ ${command}`);
    const { stdout } = await terminal.run(["permissions"]);
    expect(stdout).toContain(`$ ${command}`);
    const [id = ""] = stdout.split("  ");
    expect((await terminal.run(["permissions", "answer", id, ...decision])).status).toBe(0);
  };
  await answer("echo allowed", "allow");
  await answer("echo denied", "deny", "--reason", "not today");
  const { stdout } = await run.ended;
  expect(stdout).toContain("│ allowed");
  expect(stdout).toMatch(/deny by host: not today/);
  const late = await terminal.run(["permissions", "answer", "perm_gone", "allow", "--json"]);
  expect(late.status).toBe(6);
  expect(JSON.parse(late.stdout)).toMatchObject({ error: { code: "permission_not_found" } });
});
