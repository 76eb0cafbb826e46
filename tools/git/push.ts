// git_push: commits, sent to a remote.
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitName, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { credentialFields, openRemote } from "../machinery/repository/remote.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

const PushedRef = z.object({
  from: z.string().describe("The ref here; empty for one that was deleted there."),
  to: z.string().describe("The ref there."),
  result: z.enum(["fast_forward", "forced", "created", "deleted", "up_to_date", "rejected"]),
  summary: z.string(),
});
const RESULTS: Readonly<Record<string, z.output<typeof PushedRef>["result"]>> = {
  " ": "fast_forward",
  "+": "forced",
  "*": "created",
  "-": "deleted",
  "=": "up_to_date",
  "!": "rejected",
};

export const push = defineTool({
  name: "git_push",
  description:
    "Push the current branch, or some refs, to a remote. A push that would overwrite others' commits is refused.",
  effect: "write",
  input: () =>
    z.strictObject({
      path: repositoryPath,
      remote: gitName.default("origin").describe("A remote's name or URL."),
      refs: z
        .array(gitName)
        .max(100)
        .default(["HEAD"])
        .describe("Branches, tags or refspecs such as `HEAD:main`."),
      setUpstream: z
        .boolean()
        .default(false)
        .describe("Let the branch follow what it is pushed to."),
      forceWithLease: z
        .boolean()
        .default(false)
        .describe("Overwrite the remote branch if it is as it was last fetched."),
      tags: z.boolean().default(false).describe("All tags too."),
      ...credentialFields,
    }),
  output: () => z.object({ refs: z.array(PushedRef) }),
  async run({ refs, setUpstream, forceWithLease, tags, ...asked }, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const { remote = asked.remote, options } = await openRemote(path, context, asked, true);
    const flags = [
      ...(setUpstream ? ["--set-upstream"] : []),
      ...(forceWithLease ? ["--force-with-lease"] : []),
      ...(tags ? ["--tags"] : []),
    ];
    const args = ["push", "--porcelain", "--progress", ...flags, remote, ...refs];
    const printed = await withGit(
      path,
      context,
      { ...options, what: "push", isLive: true },
      ({ git }) => git.raw(args),
    );
    return { refs: printed.split("\n").flatMap(parse) };
  },
});

function parse(line: string): z.output<typeof PushedRef>[] {
  const [flag = "", names = "", summary = ""] = line.split("\t");
  const result = RESULTS[flag];
  if (result === undefined || summary === "") return [];
  const [from = "", to = ""] = names.split(":");
  return [{ from, to, result, summary }];
}
