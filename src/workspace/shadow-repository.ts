// A second, hidden git repository over a directory: what it held before and after, without touching the directory or a repository of its own.
import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { copyFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { takeCensus } from "./census.ts";
import { createRepository, runGit } from "./shadow-git.ts";

/** A state of the directory: a git tree in the shadow repository. */
export type Snapshot = string;

export interface FileChange {
  /** Relative to the directory. */
  readonly path: string;
  readonly change: "created" | "modified" | "deleted";
  /** Unified diff; null for a binary file, and for one too large to show. */
  readonly diff: string | null;
}

/** Beyond these a change is named without its diff. */
const MAX_DIFF_BYTES = 256 * 1024;
const NAME_LENGTH = 24;
const MAX_REPOSITORY_KIB = 1024 * 1024;
const USES_BETWEEN_WEIGHINGS = 20;
/** Directories that are remembered beside those in which runs are under way. */
const MAX_SHARED = 200;
/** Directories that tools fill and nobody reads as changes; `.gitignore` files of the directory count too. */
const EXCLUDED = ["node_modules/", ".venv/", "__pycache__/", ".harnessd/"];
const CHANGES = { A: "created", D: "deleted", M: "modified", T: "modified" } as const;

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
  /** Resolves when git can be asked; absent until it must be. */
  #prepared: Promise<void> | undefined;
  /** A state has been handed out that another than this one has looked at: the repository that holds it must stay. */
  #isLent = false;

  private constructor(gitDir: string, options: ShadowOptions) {
    this.#gitDir = gitDir;
    this.#options = options;
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
    await this.#git("add", "--all", "--ignore-errors", ".");
    const snapshot = (await this.#git("write-tree")).trim();
    if (census !== null && census === this.#takeCensus()) this.#shared.known = { census, snapshot };
    return snapshot;
  }

  async changesBetween(before: Snapshot, after: Snapshot): Promise<FileChange[]> {
    if (before === after) return [];
    await this.#prepare();
    const [raw, patch] = await Promise.all([
      this.#git("diff-tree", "-r", "-z", "--no-renames", "--name-status", before, after),
      this.#git(
        "diff-tree",
        "-r",
        "-p",
        "--no-renames",
        "--no-color",
        "--no-ext-diff",
        before,
        after,
      ).catch(() => ""),
    ]);
    const patches = patch.split(/^(?=diff --git )/m);
    const fields = raw.split("\0").filter((each) => each !== "");
    return Array.from({ length: fields.length / 2 }, (_, at) => {
      const status = fields[2 * at] as keyof typeof CHANGES;
      return {
        path: fields[2 * at + 1] ?? "",
        change: CHANGES[status] ?? "modified",
        diff: shownDiff(patches[at]),
      };
    });
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
    const { directory, stateDir } = this.#options;
    const isSkipped = (path: string, name: string): boolean =>
      EXCLUDED.includes(`${name}/`) || path === stateDir || path === join(directory, ".git");
    return takeCensus(directory, isSkipped);
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
    await writeFile(
      join(this.#gitDir, "info", "exclude"),
      `${[...EXCLUDED, ...ownDirectory(stateDir, directory)].join("\n")}\n`,
    );
    await copyFile(join(this.#gitDir, "index"), this.#index).catch(() => undefined); // the last one knows which files need not be read again
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

  #git(...args: string[]): Promise<string> {
    const { directory } = this.#options;
    const env = { GIT_DIR: this.#gitDir, GIT_WORK_TREE: directory, GIT_INDEX_FILE: this.#index };
    return runGit(
      ["-c", "core.autocrlf=false", "-c", "core.quotePath=false", "-c", "gc.auto=0", ...args],
      directory,
      env,
      this.#options,
    );
  }
}

/** What all who look at one directory share, for as long as the daemon lives. */
interface SharedState {
  users: number;
  /** How often git has been asked. */
  uses: number;
  /** The last state that was seen to stand still, and the census that tells it. */
  known: { readonly census: string; readonly snapshot: Snapshot } | null;
}

const shared = new Map<string, SharedState>();

function shareState(gitDir: string): SharedState {
  const state = shared.get(gitDir) ?? { users: 0, uses: 0, known: null };
  state.users++;
  shared.delete(gitDir);
  shared.set(gitDir, state);
  for (const [oldest, { users }] of shared) {
    if (shared.size <= MAX_SHARED) break;
    if (users === 0) shared.delete(oldest);
  }
  return state;
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

/** From the first hunk's file names on; what git says above them is about its own objects. */
function shownDiff(patch: string | undefined): string | null {
  const start = patch?.search(/^--- /m) ?? -1;
  if (patch === undefined || start < 0 || Buffer.byteLength(patch) > MAX_DIFF_BYTES) return null;
  return patch.slice(start);
}
