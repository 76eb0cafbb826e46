// git_branch: branches, listed and changed.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { resolvePath } from "../paths.ts";
import { gitName, repositoryPath } from "../machinery/repository/git-arguments.ts";
import { withGit } from "../machinery/repository/with-git.ts";
import { defineTool } from "../tool.ts";

const MAX_BRANCHES = 1000;
const FORMAT = "--format=%(refname)%1f%(objectname)%1f%(upstream:short)%1f%(HEAD)";

const Branch = z.object({
  name: z.string(),
  sha: z.string(),
  remote: z.boolean(),
  upstream: z.string().nullable(),
});

const input = () =>
  z.strictObject({
    path: repositoryPath,
    action: z.enum(["list", "create", "delete", "rename"]).default("list"),
    name: gitName
      .optional()
      .describe("The branch to create, delete or rename; for rename absent: the current one."),
    newName: gitName.optional().describe("For rename."),
    startPoint: gitName.optional().describe("For create; absent: HEAD."),
    force: z
      .boolean()
      .default(false)
      .describe("Delete a branch that is not merged; create or rename over one that is there."),
    remotes: z.boolean().default(false).describe("List remote branches too."),
  });

export const branch = defineTool({
  name: "git_branch",
  description:
    "List the branches of a git repository, or create, delete or rename one; answers with the list as it then is.",
  effect: "write",
  input,
  output: () =>
    z.object({
      current: z.string().nullable().describe("Null when HEAD is detached."),
      branches: z.array(Branch),
      truncated: z.boolean(),
    }),
  async run(asked, context) {
    const path = await resolvePath(asked.path, context.cwd, context.paths);
    const change = argumentsOf(asked);
    return await withGit(path, context, { what: `${asked.action} branches` }, async ({ git }) => {
      if (change) await git.raw(change);
      const refs = ["refs/heads", ...(asked.remotes ? ["refs/remotes"] : [])];
      const lines = (
        await git.raw(["for-each-ref", `--count=${MAX_BRANCHES + 1}`, FORMAT, ...refs])
      )
        .split("\n")
        .filter((line) => line !== "");
      const found = lines.map(parse);
      const branches = found.slice(0, MAX_BRANCHES);
      return {
        current: found.find(({ current }) => current)?.name ?? null,
        branches,
        truncated: lines.length > MAX_BRANCHES,
      };
    });
  },
});

function argumentsOf({
  action,
  name,
  newName,
  startPoint,
  force,
}: z.output<ReturnType<typeof input>>): string[] | undefined {
  const forced = force ? ["--force"] : [];
  if (action === "list") return undefined;
  if (action === "rename") {
    if (newName === undefined)
      throw new CodedError("invalid_input", "Say with `newName` how the branch shall be called");
    return ["branch", "--move", ...forced, ...(name === undefined ? [] : [name]), newName];
  }
  if (name === undefined)
    throw new CodedError("invalid_input", `Say with \`name\` which branch to ${action}`);
  if (action === "delete") return ["branch", "--delete", ...forced, name];
  return ["branch", ...forced, name, ...(startPoint === undefined ? [] : [startPoint])];
}

function parse(line: string): z.output<typeof Branch> & { current: boolean } {
  const [ref = "", sha = "", upstream = "", head = ""] = line.split("\x1f");
  const remote = ref.startsWith("refs/remotes/");
  return {
    name: ref.replace(/^refs\/(heads|remotes)\//, ""),
    sha,
    remote,
    upstream: upstream || null,
    current: head === "*",
  };
}
