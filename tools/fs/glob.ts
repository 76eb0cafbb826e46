// fs_glob: files by the pattern of their paths.
import { CodedError } from "../coded-error.ts";
import { z } from "zod";
import { ripgrep } from "../machinery/files/ripgrep.ts";
import { refuseNonDirectory } from "../machinery/files/entry.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

export const glob = defineTool({
  name: "fs_glob",
  description:
    "Find files by glob patterns such as `src/**/*.ts` or `**/*.{json,yaml}`, sorted by path. Hidden files count; `.git` and what .gitignore " +
    "names do not, unless `ignored` is set.",
  effect: "read",
  input: () =>
    z.strictObject({
      patterns: z
        .array(z.string().min(1))
        .min(1)
        .max(100)
        .describe("Relative to `path`. One that begins with `!` takes files out again."),
      path: z.string().default(".").describe("The directory to look in."),
      ignored: z
        .boolean()
        .default(false)
        .describe("Also files that .gitignore names, and those in .git."),
      limit: z.number().int().min(1).max(10_000).default(1000),
    }),
  output: () =>
    z.object({
      path: z.string().describe("Absolute: where was looked."),
      files: z.array(z.string()).describe("Relative to `path`."),
      truncated: z.boolean().describe("True when there are more than `limit`."),
    }),
  async run({ patterns, ignored, limit, ...asked }, { cwd, env, paths, signal }) {
    const path = await resolvePath(asked.path, cwd, paths);
    await refuseNonDirectory(path);
    const matches = await matcherOf(patterns.map((pattern) => relativeTo(path, pattern)));
    const hidden = ignored ? ["--no-ignore"] : ["--no-require-git", "--glob", "!.git"];
    const args = ["--files", "--null", "--hidden", "--sort", "path", ...hidden];
    const files: string[] = [];
    for await (const file of ripgrep({ args, cwd: path, env, signal, separator: "\0" })) {
      if (!matches(file)) continue;
      if (files.length === limit) return { path, files, truncated: true };
      files.push(file);
    }
    return { path, files, truncated: false };
  },
});

async function matcherOf(patterns: readonly string[]): Promise<(file: string) => boolean> {
  const { default: picomatch } = await import("picomatch");
  const wanted = patterns.filter((pattern) => !pattern.startsWith("!"));
  if (wanted.length === 0)
    throw new CodedError(
      "invalid_pattern",
      "All patterns begin with `!`: at least one must say which files are wanted",
    );
  const unwanted = patterns
    .filter((pattern) => pattern.startsWith("!"))
    .map((pattern) => pattern.slice(1));
  return picomatch(wanted.map(withoutDot), { dot: true, ignore: unwanted.map(withoutDot) });
}

/** A path below the directory stands for itself; elsewhere nothing would ever match, which must not look like an empty directory. */
function relativeTo(directory: string, pattern: string): string {
  const below = pattern.startsWith(`${directory}/`) ? pattern.slice(directory.length + 1) : pattern;
  if (!/^!?\/|(^|\/)\.\.(\/|$)/.test(below)) return below;
  throw new CodedError(
    "invalid_pattern",
    `Patterns are relative to ${directory}, and ${pattern} leads out of it; give the directory as \`path\``,
  );
}

function withoutDot(pattern: string): string {
  return pattern.replace(/^(\.\/)+/, "");
}
