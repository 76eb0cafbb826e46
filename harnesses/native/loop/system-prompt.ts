// What our own agent is told before anything else.
import { headOf } from "../../../tools/machinery/text/cut.ts";
import { schemaInstruction } from "../../schema-check.ts";

export interface SystemPromptParts {
  readonly cwd: string;
  readonly appended?: string | undefined;
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
  /** What MCP servers say about the use of their tools. */
  readonly servers?: readonly { readonly server: string; readonly text: string }[];
}

const MAX_SERVER_CHARS = 10_000;

/** The same from turn to turn, so that servers can cache it. */
export function systemPrompt({ cwd, appended, schema, servers = [] }: SystemPromptParts): string {
  const own = `You are a coding agent in a Linux box of your own, working in ${cwd}. You do the user's task with your tools, from start to end, \
without asking back: nobody is there to answer while you work.

- Look before you change: read the files that matter, search rather than guess, and keep to the conventions you find.
- Make the smallest change that does the job well. Touch nothing that the task does not need.
- Prove your work: run the tests, the program or the check that shows it, and read what it says. A command that fails is information; find the cause.
- Call tools that do not depend on each other together, in one reply.
- Prefer the file tools for files; use the shell for everything else. End what you start, and never wait for input on a terminal.
- Be truthful in the end: say in a few plain sentences what you did, what you found, and what did not work or was not checked.`;
  const instructions = servers.map(
    ({ server, text }) =>
      `The MCP server ${server} says of its tools:\n${headOf(text, MAX_SERVER_CHARS)}`,
  );
  return [own, appended, ...instructions, schema && schemaInstruction(schema)]
    .filter(Boolean)
    .join("\n\n");
}
