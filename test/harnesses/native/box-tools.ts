// Three small tools for tests of the loop itself: one that reads, one that runs a command, one that fails in every way.
import { CodedError } from "../../../tools/coded-error.ts";
import { z } from "zod";
import { defineTool } from "../../../tools/tool.ts";

/** Answers once `parties` calls are in it at the same time, or fails after a while: proves that calls ran together. */
export function meetingTool(parties: number) {
  let here = 0;
  const all = Promise.withResolvers<void>();
  return defineTool({
    name: "test_meet",
    description: "Waits for the others.",
    effect: "read",
    input: () => z.object({ who: z.string() }),
    output: () => z.object({ said: z.string() }),
    async run({ who }) {
      if (++here === parties) all.resolve();
      const late = AbortSignal.timeout(5_000);
      await Promise.race([
        all.promise,
        new Promise((_, reject) =>
          late.addEventListener("abort", () => reject(new Error("alone"))),
        ),
      ]);
      return { said: `${who} was there` };
    },
  });
}

export const commandTool = defineTool({
  name: "shell_exec",
  description: "Runs a command.",
  effect: "execute",
  input: () => z.object({ command: z.string().min(1) }),
  output: () => z.object({ exitCode: z.number().nullable(), stdout: z.string() }),
  async run({ command }, { processes, cwd, env, signal, owner }) {
    const child = await processes.spawn({ command, cwd, env, stdin: "closed", signal, owner });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const { exitCode } = await child.exited;
    return { exitCode, stdout };
  },
});

export const failingTool = defineTool({
  name: "test_fail",
  description: "Fails.",
  effect: "write",
  input: () => z.object({ how: z.enum(["refuse", "break"]) }),
  output: () => z.object({}),
  run({ how }) {
    if (how === "refuse") throw new CodedError("not_today", "It does not work today; try tomorrow");
    throw new TypeError("a bug of the tool's own");
  },
});
