// The directories that a daemon needs before anything else: one made, the other asked for.
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../../tools/machinery/files/make-directory.ts";
import { ConfigError, type Config } from "./config.ts";

/** Throws ConfigError, which names the setting. */
export async function prepareDirectories({
  stateDir,
  workspace,
}: Pick<Config, "stateDir" | "workspace">): Promise<void> {
  const found = await stat(workspace).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new ConfigError(`--workspace (HARNESSD_WORKSPACE): ${workspace} is not a directory`);
  try {
    await makeDirectory(stateDir);
    // It may lie inside of a repository, whose agent must not commit it.
    await writeFile(join(stateDir, ".gitignore"), "*\n");
  } catch (cause) {
    const reason = `The state directory ${stateDir} cannot be used (${(cause as Error).message}).`;
    throw new ConfigError(
      `${reason} Name one that can be written to with --state-dir (HARNESSD_STATE_DIR)`,
      { cause },
    );
  }
}
