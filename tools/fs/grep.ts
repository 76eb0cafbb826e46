// fs_grep: lines by what is in them.
import { basename, dirname } from "node:path";
import { z } from "zod";
import { GrepLine, grepLine } from "../machinery/files/grep-line.ts";
import { searchableType } from "../machinery/files/entry.ts";
import { ripgrep } from "../machinery/files/ripgrep.ts";
import { resolvePath } from "../paths.ts";
import { defineTool } from "../tool.ts";

const MAX_ANSWER_CHARS = 512 * 1024;

const input = () =>
  z.strictObject({
    pattern: z.string().min(1),
    path: z.string().default(".").describe("A directory or one file."),
    literal: z.boolean().default(false).describe("The pattern is text, not a regular expression."),
    ignoreCase: z.boolean().default(false),
    multiline: z.boolean().default(false).describe("The pattern may match over several lines."),
    globs: z
      .array(z.string().min(1))
      .max(100)
      .default([])
      .describe("Only files that match, such as `*.ts`; `!*.test.ts` leaves out."),
    context: z
      .number()
      .int()
      .min(0)
      .max(20)
      .default(0)
      .describe("Lines shown before and after each match."),
    ignored: z
      .boolean()
      .default(false)
      .describe("Also files that .gitignore names, and those in .git."),
    maxMatches: z.number().int().min(1).max(5000).default(200),
  });

export const grep = defineTool({
  name: "fs_grep",
  description:
    "Search the text of files for a regular expression (Rust syntax) or a literal text. Hidden files count; binary files, `.git` and what " +
    ".gitignore names do not, unless `ignored` is set.",
  effect: "read",
  input,
  output: () =>
    z.object({
      path: z
        .string()
        .describe("Absolute: the directory that was searched, or that of the one file."),
      lines: z.array(GrepLine),
      matches: z.number().int().describe("How many of `lines` match; the others are context."),
      truncated: z
        .boolean()
        .describe(
          "True when the search was stopped at `maxMatches` or because the answer grew too large.",
        ),
    }),
  async run(asked, { cwd, env, paths, signal }) {
    const target = await resolvePath(asked.path, cwd, paths);
    const isDirectory = (await searchableType(target)) === "directory";
    const path = isDirectory ? target : dirname(target);
    const args = [...optionsOf(asked), "--", isDirectory ? "./" : `./${basename(target)}`];
    const lines: GrepLine[] = [];
    let [matches, chars] = [0, 0];
    for await (const record of ripgrep({ args, cwd: path, env, signal, separator: "\n" })) {
      const line = grepLine(record);
      if (line === undefined) continue;
      if (chars > MAX_ANSWER_CHARS || (line.column !== null && matches === asked.maxMatches))
        return { path, lines, matches, truncated: true };
      if (line.column !== null) matches++;
      chars += line.text.length + line.path.length;
      lines.push(line);
    }
    return { path, lines, matches, truncated: false };
  },
});

function optionsOf(asked: z.output<ReturnType<typeof input>>): string[] {
  const options = [
    "--json",
    "--hidden",
    "--sort",
    "path",
    "--context",
    String(asked.context),
    "--regexp",
    asked.pattern,
  ];
  if (asked.literal) options.push("--fixed-strings");
  if (asked.ignoreCase) options.push("--ignore-case");
  if (asked.multiline) options.push("--multiline");
  if (asked.ignored) options.push("--no-ignore");
  else options.push("--no-require-git", "--glob", "!.git");
  for (const glob of asked.globs) options.push("--glob", glob);
  return options;
}
