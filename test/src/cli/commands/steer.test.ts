import { expect, test } from "vitest";
import { Terminal } from "../terminal.ts";

test("a word to a run at work is shown where the run is, and refused when it has ended", async () => {
  await using terminal = await Terminal.open([
    { calls: [{ intent: "shell", command: "until test -e go; do sleep 0.05; done" }] },
    { text: "Done." },
    { text: "Done." },
  ]);
  await terminal.serve();
  const run = terminal.start(["run", "go"]);
  const [, runId = ""] = /(run_\w+)/.exec(await run.line("▶")) ?? [];
  await run.line("●");
  const steered = await terminal.run(["steer", runId, "also", "this"]);
  expect(steered).toEqual({ status: 0, stdout: "", stderr: "" });
  await run.line("» also this");
  await terminal.run(["exec", "touch", "go"]);
  expect((await run.ended).status).toBe(0);
  expect((await terminal.run(["steer", runId, "late"])).status).toBe(6);
});
