// `harnessd cp`: files and folders into the box and out of it.
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import type { Harnessd } from "../../client/index.ts";
import { CallError } from "../../client/index.ts";
import { boxPathOf } from "../box-path.ts";
import { withDaemon } from "../connect.ts";
import { addTarget, type Flags } from "../options.ts";
import { UsageError } from "../usage-error.ts";

const HELP = `
One of the two begins with box: and is in the box, relative to its workspace. \`-\` is standard input
or output. What goes to a folder that is there, or to a name that ends with /, gets its own name below it.

Examples:
  harnessd cp report.csv box:data/
  harnessd cp box:dist ./dist
  git diff | harnessd cp - box:change.patch`;

const PERMISSIONS = 0o777;

export function command(): Command {
  const cp = new Command("cp")
    .description("Copy a file or a folder into the box, or out of it.")
    .argument("<from>", "file or folder; box:PATH in the box, - for standard input")
    .argument("<to>", "file or folder; box:PATH in the box, - for standard output")
    .option("--json", "a refusal is one object with its code")
    .addHelpText("after", HELP)
    .action((from: string, to: string, flags: Flags) => {
      const [source, target] = [boxPathOf(from), boxPathOf(to)];
      if ((source === undefined) === (target === undefined))
        throw new UsageError(`One of the two must be in the box: write it as box:${to}`);
      return withDaemon(flags, (box) =>
        target === undefined ? copyOut(box, source ?? "", to) : copyIn(box, from, target),
      );
    });
  return addTarget(cp);
}

async function copyIn(box: Harnessd, from: string, to: string): Promise<void> {
  if (from === "-") return void (await box.upload(to, process.stdin));
  const found = await stat(from).catch((error: Error) => {
    throw new UsageError(`${from} cannot be read: ${error.message}`);
  });
  const path =
    to.endsWith("/") || (await kindInBox(box, to)) === "directory" ? join(to, basename(from)) : to;
  if (!found.isDirectory()) {
    const mode = (found.mode & PERMISSIONS).toString(8);
    return void (await box.upload(path, createReadStream(from), { mode }));
  }
  const { create } = await import("tar");
  await box.upload(path, create({ cwd: from, portable: true }, ["."]), { folder: true });
}

async function copyOut(box: Harnessd, from: string, to: string): Promise<void> {
  const isFolder = (await kindInBox(box, from)) === "directory";
  const { body } = await box.download(from, { folder: isFolder });
  if (to === "-") return pipeline(body, process.stdout);
  const isInto =
    to.endsWith("/") || (await stat(to).catch(() => undefined))?.isDirectory() === true;
  const path = isInto ? join(to, basename(from)) : to;
  if (isFolder) {
    await mkdir(path, { recursive: true });
    const { extract } = await import("tar");
    return pipeline(body, asBuffers, extract({ cwd: path }));
  }
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, body);
}

/** tar reads nothing from plain `Uint8Array`s. */
async function* asBuffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

/** What breaks off leaves no half file under the name. */
async function writeWhole(path: string, body: ReadableStream<Uint8Array>): Promise<void> {
  const draft = `${path}.part-${process.pid}`;
  try {
    await pipeline(body, createWriteStream(draft));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Undefined where there is nothing. */
async function kindInBox(box: Harnessd, path: string): Promise<string | undefined> {
  try {
    return (await box.tools.fs_stat({ path })).type;
  } catch (error) {
    if (error instanceof CallError && error.code === "not_found") return undefined;
    throw error;
  }
}
