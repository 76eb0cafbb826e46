// The built daemon as a child process, with a state directory of its own.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Child, temporaryDirectory, type TemporaryDirectory } from "./child.ts";

const PROGRAM = resolve(import.meta.dirname, "../dist/harnessd.js");

export class BuiltDaemon implements AsyncDisposable {
  readonly child: Child;
  readonly url: string;
  /** Where its commands work and its files lie. */
  readonly workspace: string;
  readonly #directory: TemporaryDirectory;

  private constructor(child: Child, directory: TemporaryDirectory) {
    this.child = child;
    this.url = (JSON.parse(child.line) as { url: string }).url;
    this.workspace = directory.path;
    this.#directory = directory;
  }

  static async start(): Promise<BuiltDaemon> {
    if (!existsSync(PROGRAM))
      throw new Error(`There is no ${PROGRAM}: run \`npm run build\` first`);
    const directory = await temporaryDirectory();
    const options = [
      "--state-dir",
      join(directory.path, "state"),
      "--workspace",
      directory.path,
      "--log-level",
      "warn",
    ];
    return new BuiltDaemon(
      await Child.start(process.execPath, [PROGRAM, "serve", "--port", "0", ...options]),
      directory,
    );
  }

  get readyMs(): number {
    return this.child.readyMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }
}
