// Values of a caller's that become arguments of git.
import { z } from "zod";

/** A branch, tag, commit, remote or range: never an option, which git would take it for if it began with a dash. */
export const gitName = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^-\0][^\0]*$/, "must not begin with a dash nor hold a NUL");

/** Free text for an argument. A program's arguments end at a NUL, so that none can hold one. */
export const gitText = z.string().refine((text) => !text.includes("\0"), "must not hold a NUL");

/** Paths within the repository, as git's pathspecs; they go behind `--`. */
export const gitPaths = z.array(gitText.min(1).max(4096)).max(1000);

/** Where the repository is. */
export const repositoryPath = z
  .string()
  .default(".")
  .describe("A directory inside of the repository.");
