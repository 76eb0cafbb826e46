// A second, hidden git repository over a directory: what it held before and after, without touching the directory or a repository of its own.
import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { copyFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { takeCensus } from "./census.ts";
import { ownExcludes, topOf } from "./enclosing-repository.ts";
import { repositoriesAmong, seedOf, walkForRepositories } from "./nested-repositories.ts";
import { createRepository, runGit } from "./shadow-git.ts";
import type { Snapshot } from "./snapshot.ts";
import { shareState, type SharedState } from "./shared-state.ts";
import { changesOf, type FileChange } from "./tree-changes.ts";

/** The user's own settings must not decide what is seen. */
const SETTINGS = [
  "core.autocrlf=false",
  "core.quotePath=false",
  "core.protectNTFS=false",
  "core.protectHFS=false",
  "core.fsmonitor=false",
  "advice.addEmbeddedRepo=false",
  "gc.auto=0",
].flatMap((setting) => ["-c", setting]);
const NAME_LENGTH = 24;
const MAX_REPOSITORY_KIB = 1024 * 1024;
const USES_BETWEEN_WEIGHINGS = 20;
/** Files as they are: no line ends changed, no filters run, whatever the directory's own attributes say. */
const ATTRIBUTES = "* -text -eol -filter -ident -working-tree-encoding !diff\n";
/** Directories that tools fill and nobody reads as changes; `.gitignore` files of the directory and of its repository count too. */
const EXCLUDED = ["node_modules/", ".venv/", "__pycache__/", ".harnessd/"];

export interface ShadowOptions {
  /** The daemon's; the repository stands in it. */
  readonly stateDir: string;
  /** A real path. */
  readonly directory: string;
  /** Tells apart those who look at the same directory at the same time. */
  readonly user: string;
  /** For the environment of each git. */
  readonly marker: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Removes what a daemon that was killed has left in the repositories: indexes and locks of its runs, and drafts. For the start, before anyone looks. */
export async function clearLeftovers(stateDir: string): Promise<void> {
  for (const name of await namesIn(repositoriesIn(stateDir))) {
    const path = join(repositoriesIn(stateDir), name);
    if (name.includes(".")) await rm(path, { recursive: true, force: true });
    else
      for (const file of await namesIn(path))
        if (/^index-|\.lock$/.test(file)) await rm(join(path, file), { force: true });
  }
}

export class ShadowRepository {
  readonly #gitDir: string;
  readonly #options: ShadowOptions;
  readonly #index: string;
  readonly #shared: SharedState;
  /** Where git stands, and what it looks at from there. */
  #top: string;
  #scope = ".";
  /** Resolves when git can be asked; absent until it must be. */
  #prepared: Promise<void> | undefined;
  /** A state has been handed out that another than this one has looked at: the repository that holds it must stay. */
  #isLent = false;

  private constructor(gitDir: string, options: ShadowOptions) {
    this.#gitDir = gitDir;
    this.#options = options;
    this.#top = options.directory;
    this.#index = join(gitDir, `index-${options.user}`);
    this.#shared = shareState(gitDir);
  }

  /** Asks no git yet: a small directory in which nothing has changed since the last look needs none. */
  static open(options: ShadowOptions): ShadowRepository {
    const name = createHash("sha256").update(options.directory).digest("hex").slice(0, NAME_LENGTH);
    return new ShadowRepository(join(repositoriesIn(options.stateDir), name), options);
  }

  /** Rejects where there is no git. */
  async snapshot(): Promise<Snapshot> {
    const census = this.#takeCensus();
    const { known } = this.#shared;
    if (known && known.census === census) {
      this.#isLent = true;
      return known.snapshot;
    }
    await this.#prepare();
    await this.#lookIntoRepositories();
    const isWhole = await this.#git("add", "--all", "--ignore-errors", "--", this.#scope).then(
      () => true,
      () => false,
    );
    const unseen = isWhole ? [] : await this.#unseen();
    const snapshot = { tree: (await this.#git("write-tree")).trim(), unseen };
    if (census !== null && census === this.#takeCensus()) this.#shared.known = { census, snapshot };
    return snapshot;
  }

  async changesBetween(before: Snapshot, after: Snapshot): Promise<FileChange[]> {
    if (before.tree === after.tree) return [];
    await this.#prepare();
    const relative = this.#scope === "." ? [] : [`--relative=${this.#scope}/`];
    const diff = (...how: string[]): Promise<string> =>
      this.#git("diff-tree", "-r", "--no-renames", ...relative, ...how, before.tree, after.tree);
    const [names, patch] = await Promise.all([
      diff("-z", "--name-status"),
      diff("-p", "--no-color", "--no-ext-diff", "--no-textconv").catch(() => ""),
    ]);
    return changesOf(names, patch);
  }

  /** Makes git look into repositories inside of the directory that it does not know yet. */
  async #lookIntoRepositories(): Promise<void> {
    const { directory } = this.#options;
    const isSkipped = (path: string, name: string): boolean => this.#isSkipped(path, name);
    const found =
      walkForRepositories(this.#top, directory, isSkipped) ??
      repositoriesAmong(await this.#listOthers());
    if (found.length === 0) return;
    const ignored = await this.#ignoredOf(found);
    const wanted = found.filter((path) => !ignored.includes(path));
    const seeds = wanted.flatMap((path) => seedOf(this.#top, path) ?? []);
    if (seeds.length === 0) return;
    await this.#git("update-index", "--force-remove", "--", ...wanted);
    await this.#git("update-index", "--add", "--", ...seeds).catch(() => undefined);
  }

  /** What was to be taken in and was not. */
  async #unseen(): Promise<string[]> {
    const left = `${await this.#listOthers()}${await this.#git("ls-files", "-z", "--modified", "--", this.#scope)}`;
    const paths = new Set(left.split("\0").filter((path) => path !== "" && !path.endsWith("/")));
    const prefix = this.#scope === "." ? "" : `${this.#scope}/`;
    return [...paths].map((path) => path.slice(prefix.length));
  }

  #listOthers(): Promise<string> {
    return this.#git("ls-files", "-z", "--others", "--exclude-standard", "--", this.#scope);
  }

  /** Leaves the index for the next one to begin with. */
  async close(): Promise<void> {
    const shared = this.#shared;
    shared.users--;
    if (!this.#prepared) return;
    await rename(this.#index, join(this.#gitDir, "index")).catch(() => undefined);
    await rm(`${this.#index}.lock`, { force: true });
    if (++shared.uses % USES_BETWEEN_WEIGHINGS !== 0) return;
    const isTooLarge = await this.#hasGrownTooLarge().catch(() => false); // where there is no git, there is nothing to weigh
    if (isTooLarge && shared.users === 0) await this.#discard();
  }

  #takeCensus(): string | null {
    return takeCensus(this.#options.directory, (path, name) => this.#isSkipped(path, name));
  }

  #isSkipped(path: string, name: string): boolean {
    return EXCLUDED.includes(`${name}/`) || path === this.#options.stateDir || name === ".git";
  }

  #prepare(): Promise<void> {
    this.#prepared ??= this.#makeReady();
    return this.#prepared;
  }

  async #makeReady(): Promise<void> {
    const { stateDir, directory, user } = this.#options;
    const isFirst = !this.#isLent && this.#shared.uses === 0 && existsSync(this.#gitDir);
    if (isFirst && (await this.#hasGrownTooLarge()) && this.#shared.users === 1)
      await this.#discard();
    if (!existsSync(this.#gitDir))
      await createRepository(this.#gitDir, `${this.#gitDir}.${user}`, this.#options);
    await this.#chooseTop(stateDir, directory);
    await copyFile(join(this.#gitDir, "index"), this.#index).catch(() => undefined); // the last one knows which files need not be read again
  }

  /** From the top of the repository around the directory, unless that ignores the directory itself: then it stands for itself. */
  async #chooseTop(stateDir: string, directory: string): Promise<void> {
    const use = async (top: string): Promise<void> => {
      this.#top = top;
      this.#scope = relative(top, directory) || ".";
      const own = ownDirectory(stateDir, top);
      const excluded = [...EXCLUDED, ...own, await ownExcludes(top), ""].join("\n");
      await writeFile(join(this.#gitDir, "info", "exclude"), excluded);
    };
    await writeFile(join(this.#gitDir, "info", "attributes"), ATTRIBUTES);
    await use(topOf(directory));
    if (this.#top === directory) return;
    const isIgnored = (await this.#ignoredOf([this.#scope])).length > 0;
    if (isIgnored) await use(directory);
  }

  /** Old states are never let go one by one: past a size all of them are, unless another run is looking. */
  async #hasGrownTooLarge(): Promise<boolean> {
    const [looseKib = 0, packedKib = 0] = [
      ...(await this.#git("count-objects", "-v")).matchAll(/^size(?:-pack)?: (\d+)$/gm),
    ].map((each) => Number(each[1]));
    return looseKib + packedKib > MAX_REPOSITORY_KIB;
  }

  /** Out of the way at once, so that whoever looks next finds none. */
  async #discard(): Promise<void> {
    this.#shared.known = null;
    const aside = `${this.#gitDir}.${this.#options.user}`;
    renameSync(this.#gitDir, aside);
    await rm(aside, { recursive: true, force: true });
  }

  async #ignoredOf(paths: readonly string[]): Promise<string[]> {
    const asked = ["check-ignore", "-z", "--stdin"];
    // It fails where none is.
    const said = await this.#run(asked, paths.join("\0")).catch(() => "");
    return said.split("\0").filter((path) => path !== "");
  }

  #git(...args: string[]): Promise<string> {
    return this.#run(["--literal-pathspecs", ...args]);
  }

  #run(args: readonly string[], input?: string): Promise<string> {
    const env = { GIT_DIR: this.#gitDir, GIT_WORK_TREE: this.#top, GIT_INDEX_FILE: this.#index };
    return runGit([...SETTINGS, ...args], this.#top, env, this.#options, input);
  }
}

function repositoriesIn(stateDir: string): string {
  return join(stateDir, "workspaces");
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

/** The daemon's own files change all the time, and may lie in the directory. */
function ownDirectory(stateDir: string, directory: string): string[] {
  const path = relative(directory, stateDir);
  return path === "" || path.startsWith("..") ? [] : [`/${path}/`];
}
