// git_run: any other git command.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { cleanRemote, type Credential } from "../machinery/repository/credentials.ts";
import { cutText } from "../machinery/repository/git-output.ts";
import { gitText } from "../machinery/repository/git-arguments.ts";
import { credentialFields } from "../machinery/repository/remote.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

export const run = defineTool({
  name: "git_run",
  description:
    "Run any git command, for what the other git tools do not do. No shell is involved. An exit code other than 0 is a result.",
  effect: "execute",
  input: () =>
    z.strictObject({
      path: z.string().default(".").describe("The directory to run in."),
      args: z
        .array(gitText.max(100_000))
        .min(1)
        .max(1000)
        .refine(
          (args) => !isInherited(args.find((arg) => !arg.startsWith("-"))),
          "must name a command of git",
        )
        .describe('What follows `git`, such as ["stash", "push"].'),
      stdin: z.string().optional().describe("What git reads from its standard input."),
      maxChars: z
        .number()
        .int()
        .min(1000)
        .max(2_000_000)
        .default(200_000)
        .describe("Of each stream."),
      ...credentialFields,
    }),
  output: () =>
    z.object({
      exitCode: z.number().int().nullable().describe("Null when a signal ended git."),
      stdout: z.string(),
      stderr: z.string(),
      truncated: z.boolean(),
    }),
  async run({ args, stdin, maxChars, token, username, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const clean = cleanArguments(args, token, username);
    const options = {
      what: `run ${args[0]}`,
      credential: clean.credential,
      stdin,
      isLive: true,
      mayFail: true,
      maxStdoutBytes: 4 * maxChars,
    };
    return await withGit(path, context, options, async ({ git, exit, isTruncated }) => {
      await git.raw(clean.args);
      const stdout = cutText(exit().stdout, maxChars, isTruncated());
      const stderr = cutText(exit().stderr, maxChars, false);
      return {
        exitCode: exit().exitCode,
        stdout: stdout.text,
        stderr: stderr.text,
        truncated: stdout.truncated || stderr.truncated,
      };
    });
  },
});

/** simple-git looks commands up in a plain object, and falls over what every object has. */
function isInherited(name: string | undefined): boolean {
  return name !== undefined && name in Object.prototype;
}

/** A secret in any URL among the arguments is used as the token; the first, if there are several. */
function cleanArguments(
  args: readonly string[],
  token?: string,
  username?: string,
): { args: string[]; credential: Credential | undefined } {
  const cleaned = args.map((arg) => cleanRemote(arg));
  const given = token === undefined ? undefined : cleanRemote("", token, username).credential;
  return {
    args: cleaned.map(({ remote }) => remote),
    credential: given ?? cleaned.find(({ credential }) => credential)?.credential,
  };
}
